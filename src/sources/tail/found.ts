import { isGzip } from '../content.js'
import type { ReadAt } from '../positioned-lines.js'
import { isCopyOf, type Known, readerOf } from './file-identity.js'
import { PackedBytes } from './packed-log.js'
import { RestingHandle } from './resting-handle.js'

/** A file, open for whoever takes it. */
export interface Found {
  readonly path: string
  readonly handle: RestingHandle
  readonly isPacked: boolean
}

/** Null where it is gone or may not be read. */
export async function openFound(path: string): Promise<Found | null> {
  const handle = await RestingHandle.open(path).catch(() => null)
  if (handle === null) return null
  const head = new Uint8Array(2)
  await readerOf(handle)(head, 0)
  return { path, handle, isPacked: isGzip(head) }
}

/** True where the content is that of a log which is known. Throws for a packed file that is damaged or not yet whole. */
export function isCopy(found: Found, { identity, trail }: Pick<Known, 'identity' | 'trail'>): Promise<boolean> {
  return withContent(found, (readAt) => isCopyOf(readAt, identity, trail))
}

/** Looks at the content, unpacked; positions may only go on. */
export async function withContent<T>({ handle, isPacked }: Found, look: (readAt: ReadAt) => Promise<T>): Promise<T> {
  if (!isPacked) return look(readerOf(handle))
  const bytes = new PackedBytes(handle)
  try {
    return await look(bytes.readAt)
  } finally {
    await bytes.close()
  }
}
