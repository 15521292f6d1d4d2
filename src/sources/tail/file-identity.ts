import { createHash } from 'node:crypto'
import { readFully } from '../read-fully.js'
import type { LogHandle } from './log-handle.js'

/** Covers the first lines of a log, whose times differ from file to file, at the cost of one small read. */
const FINGERPRINT_BYTES = 256

/**
 * What a file is, whatever its name. Inodes are used again, so the first bytes count too: a log only ever grows, so
 * those that were there once stay.
 */
export interface FileIdentity {
  /** `<device>:<inode>`. */
  readonly inode: string
  /** How many first bytes the digest covers: fewer than 256 for a file that was shorter then. */
  readonly prefixBytes: number
  /** In hex. */
  readonly prefixSha256: string
}

/** Reads the identity of an open file as it is now. */
export async function identify(handle: LogHandle): Promise<FileIdentity> {
  const prefix = await readPrefix(handle, FINGERPRINT_BYTES)
  return { inode: handle.inode, prefixBytes: prefix.length, prefixSha256: sha256(prefix) }
}

/** True where the open file is the one of `identity`, perhaps grown since. */
export async function hasIdentity(handle: LogHandle, identity: FileIdentity): Promise<boolean> {
  if (handle.inode !== identity.inode) return false
  return sha256(await readPrefix(handle, identity.prefixBytes)) === identity.prefixSha256
}

/** False while the file is so young that its identity gets more precise as it grows. */
export function isFinal(identity: FileIdentity): boolean {
  return identity.prefixBytes === FINGERPRINT_BYTES
}

export function inodeName({ dev, ino }: { dev: bigint; ino: bigint }): string {
  return `${dev}:${ino}`
}

export function formatIdentity({ inode, prefixBytes, prefixSha256 }: FileIdentity): string {
  return `${inode}:${prefixBytes}:${prefixSha256}`
}

/** Null for text that `formatIdentity` did not write. */
export function parseIdentity(text: string): FileIdentity | null {
  const match = /^(\d+:\d+):(\d{1,3}):([0-9a-f]{64})$/.exec(text)
  if (match === null) return null
  const [, inode, prefixBytes, prefixSha256] = match
  return { inode, prefixBytes: Number(prefixBytes), prefixSha256 }
}

async function readPrefix(handle: LogHandle, length: number): Promise<Uint8Array> {
  const buffer = Buffer.alloc(length)
  return buffer.subarray(0, await readFully(handle, buffer, 0))
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
