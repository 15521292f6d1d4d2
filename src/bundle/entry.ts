import { createHash } from 'node:crypto'

/** One file of the archive. Its size is known before it is written, as tar wants it. */
export interface Entry {
  /** Below the one top folder, safe to be unpacked (`safeName`). */
  readonly name: string
  readonly bytes: number
  /** Of the content, in hex digits. */
  readonly sha256: string
  /** The content, once or more. */
  read(): Iterable<Uint8Array> | AsyncIterable<Uint8Array>
}

/** An entry whose content is at hand. */
export function textEntry(name: string, text: string): Entry {
  const content = Buffer.from(text)
  const sha256 = createHash('sha256').update(content).digest('hex')
  return { name, bytes: content.length, sha256, read: () => [content] }
}
