import { createHash } from 'node:crypto'
import { firstTimestamp } from '../content.js'
import type { ReadAt } from '../positioned-lines.js'
import { type Readable, readFully } from '../read-fully.js'
import type { LogHandle } from './log-handle.js'

/** Covers several lines of a log, whose times differ from file to file, at the cost of one small read. */
export const FINGERPRINT_BYTES = 1024

/** How much of what was read last is compared before reading goes on. */
export const TRAIL_BYTES = 256

/**
 * What a file is, whatever its name. Inodes are used again, so the first bytes count too: a log only ever grows, so
 * those that were there once stay.
 */
export interface FileIdentity {
  /** `<device>:<inode>`. */
  readonly inode: string
  /** How many first bytes the digest covers: fewer than 1024 for a file that was shorter then. */
  readonly prefixBytes: number
  /** In hex. */
  readonly prefixSha256: string
}

/**
 * How far a file was read, and what its last bytes there were: files that begin alike are told apart by it, and so is a
 * file that was cut and has grown past its old size.
 */
export interface Trail {
  /** The start of a line. */
  readonly offset: number
  /** How many bytes before it the digest covers. */
  readonly bytes: number
  /** In hex. */
  readonly sha256: string
}

/** What is known of a log to know copies of it by. */
export interface Known {
  readonly identity: FileIdentity
  readonly trail: Trail | null
  readonly partition: string
}

/** Reads the identity of an open file as it is now. */
export async function identify(handle: LogHandle): Promise<FileIdentity> {
  return (await readHead(readerOf(handle))).identity(handle.inode)
}

/** First bytes that are compared with many identities. */
export class Head {
  readonly #bytes: Uint8Array
  /** By length. */
  readonly #digests = new Map<number, string>()

  /** `bytes`: the first 1024, or all; more are left out. */
  constructor(bytes: Uint8Array) {
    this.#bytes = Uint8Array.from(bytes.subarray(0, FINGERPRINT_BYTES))
  }

  /** True where content that begins with these bytes, or is no longer than they are, begins as the file of `identity` did. */
  beginsAs({ prefixBytes, prefixSha256 }: FileIdentity): boolean {
    return prefixBytes <= this.#bytes.length && this.#digestOf(prefixBytes) === prefixSha256
  }

  /** Of a file that begins so. */
  identity(inode: string): FileIdentity {
    return { inode, prefixBytes: this.#bytes.length, prefixSha256: this.#digestOf(this.#bytes.length) }
  }

  #digestOf(length: number): string {
    const digest = this.#digests.get(length) ?? sha256(this.#bytes.subarray(0, length))
    this.#digests.set(length, digest)
    return digest
  }
}

/** Reads the first bytes of an open file. */
export async function readHead(readAt: ReadAt): Promise<Head> {
  return new Head(await readBytes(readAt, 0, FINGERPRINT_BYTES))
}

/** True where the content begins as the file of `identity` did, and goes on so up to where that was read. */
export async function hasContent(readAt: ReadAt, identity: FileIdentity, trail: Trail | null): Promise<boolean> {
  const prefix = await readBytes(readAt, 0, identity.prefixBytes)
  return sha256(prefix) === identity.prefixSha256 && (trail === null || (await lookAt(readAt, trail)) === 'same')
}

/**
 * The same for a file on another inode, which may be a copy that ends before what was read. Its content alone must tell
 * it, so it must be enough to be found in no other file: a line with a time, or a whole fingerprint.
 */
export async function isCopyOf(readAt: ReadAt, identity: FileIdentity, trail: Trail | null): Promise<boolean> {
  const prefix = await readBytes(readAt, 0, identity.prefixBytes)
  if (sha256(prefix) !== identity.prefixSha256) return false
  if (prefix.length < FINGERPRINT_BYTES && firstTimestamp(prefix) === null) return false
  return trail === null || (await lookAt(readAt, trail)) !== 'other'
}

/** False while the file is so young that its identity gets more precise as it grows. */
export function isFinal(identity: FileIdentity): boolean {
  return identity.prefixBytes === FINGERPRINT_BYTES
}

export function trailOf(offset: number, bytes: Uint8Array): Trail {
  return { offset, bytes: bytes.length, sha256: sha256(bytes) }
}

export function inodeName({ dev, ino }: { dev: bigint; ino: bigint }): string {
  return `${dev}:${ino}`
}

export function formatIdentity({ inode, prefixBytes, prefixSha256 }: FileIdentity): string {
  return `${inode}:${prefixBytes}:${prefixSha256}`
}

/** Null for text that `formatIdentity` did not write. */
export function parseIdentity(text: string): FileIdentity | null {
  const match = /^(\d+:\d+):(\d{1,4}):([0-9a-f]{64})$/.exec(text)
  if (match === null) return null
  const [, inode, prefixBytes, prefixSha256] = match
  return { inode, prefixBytes: Number(prefixBytes), prefixSha256 }
}

export function formatTrail({ offset, bytes, sha256 }: Trail): string {
  return `${offset}:${bytes}:${sha256}`
}

/** Null for text that `formatTrail` did not write. */
export function parseTrail(text: string): Trail | null {
  const match = /^(\d{1,15}):(\d{1,3}):([0-9a-f]{64})$/.exec(text)
  if (match === null) return null
  const [, offset, bytes, digest] = match
  return { offset: Number(offset), bytes: Number(bytes), sha256: digest }
}

export function readerOf(handle: Readable): ReadAt {
  return (buffer, position) => readFully(handle, buffer, position)
}

async function lookAt(readAt: ReadAt, { offset, bytes, sha256: digest }: Trail): Promise<'same' | 'shorter' | 'other'> {
  const found = await readBytes(readAt, offset - bytes, bytes)
  if (found.length < bytes) return 'shorter'
  return sha256(found) === digest ? 'same' : 'other'
}

async function readBytes(readAt: ReadAt, position: number, length: number): Promise<Uint8Array> {
  const buffer = Buffer.alloc(length)
  return buffer.subarray(0, await readAt(buffer, position))
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
