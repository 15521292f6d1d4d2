import { readdir, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { firstTimestamp, HEAD_BYTES, isGzip } from '../content.js'
import { compareRotations, readLogFileName } from '../log-file-name.js'
import type { ReadAt } from '../positioned-lines.js'
import { type FileIdentity, hasContent, inodeName, isCopyOf, readerOf, type Trail } from './file-identity.js'
import { PackedBytes } from './packed-log.js'
import { RestingHandle } from './resting-handle.js'

/** A log that is looked for by what it is. */
export interface Wanted {
  readonly identity: FileIdentity
  readonly trail: Trail | null
  /** The name under which it was known. */
  readonly path: string
}

/** A file, open for whoever takes it. */
export interface Found {
  readonly path: string
  readonly handle: RestingHandle
  readonly isPacked: boolean
}

/**
 * The log itself under another name in one of the directories, or else a copy of it, or else what a rotator has packed.
 * The last two are looked for among files whose names begin as its own does. `isTaken` tells inodes that are something else.
 */
export async function findRemains(
  wanted: Wanted,
  directories: Iterable<string>,
  isTaken: (inode: string) => boolean,
): Promise<Found | null> {
  const all = (await list(new Set([dirname(wanted.path), ...directories]))).filter(({ inode }) => !isTaken(inode))
  const itself = all.filter(({ inode }) => inode === wanted.identity.inode)
  const others = all.filter(({ path, inode }) => inode !== wanted.identity.inode && isNamedAfter(path, wanted.path))
  const isPackedName = ({ path }: Listed) => path.endsWith('.gz')
  const inTurn = [...itself, ...others.filter((one) => !isPackedName(one)), ...others.filter(isPackedName)]
  for (const { path } of inTurn) {
    const found = await openFound(path)
    if (found === null) continue
    if (await isWanted(found, wanted)) return found
    await found.handle.close()
  }
  return null
}

/**
 * Rotations of a log that came after the one at `rotatedPath` and before the live one at `livePath`, oldest first: they may
 * have been rotated before anybody saw them.
 */
export async function findYounger(rotatedPath: string, livePath: string): Promise<readonly string[]> {
  const [rotated, live] = [readLogFileName(rotatedPath), readLogFileName(livePath)]
  const listed = await list([dirname(rotatedPath)])
  const writtenMs = listed.find(({ path }) => path === rotatedPath)?.writtenMs ?? 0
  const time = (await firstTimeOf(rotatedPath)) ?? ''
  const younger: { readonly path: string; readonly time: string }[] = []
  for (const other of listed) {
    const { partition, rotation } = readLogFileName(other.path)
    if (other.path === rotatedPath || basename(partition) !== basename(live.partition)) continue
    const order = compareRotations(rotation, rotated.rotation)
    if (order < 0 || compareRotations(rotation, live.rotation) >= 0) continue
    // Names that hold a day say nothing of the order within it.
    if (order === 0 && other.writtenMs < writtenMs) continue
    const otherTime = (await firstTimeOf(other.path)) ?? ''
    if (order > 0 || otherTime > time) younger.push({ path: other.path, time: otherTime })
  }
  return younger.sort((a, b) => (a.time < b.time ? -1 : 1)).map(({ path }) => path)
}

/** A file that is shorter than what was read of it is a copy at most: the file itself would have been cut. */
async function isWanted(found: Found, wanted: Wanted): Promise<boolean> {
  const { identity, trail } = wanted
  // A packed file that is damaged, or not yet whole, is of no use yet.
  if (found.isPacked || found.handle.inode !== identity.inode) return isCopy(found, wanted).catch(() => false)
  return hasContent(readerOf(found.handle), identity, trail)
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
export function isCopy(found: Found, { identity, trail }: Omit<Wanted, 'path'>): Promise<boolean> {
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

async function firstTimeOf(path: string): Promise<string | null> {
  const found = await openFound(path)
  if (found === null) return null
  const head = new Uint8Array(HEAD_BYTES)
  try {
    return firstTimestamp(head.subarray(0, await withContent(found, (readAt) => readAt(head, 0))))
  } catch {
    return null
  } finally {
    await found.handle.close()
  }
}

interface Listed {
  readonly path: string
  readonly inode: string
  readonly writtenMs: number
}

/** What was written last comes first: that is what is looked for, mostly. */
async function list(directories: Iterable<string>): Promise<readonly Listed[]> {
  const listed: Listed[] = []
  for (const directory of directories) {
    for (const name of await readdir(directory).catch(() => [])) {
      const path = join(directory, name)
      const stats = await stat(path, { bigint: true }).catch(() => null)
      if (stats?.isFile() === true) listed.push({ path, inode: inodeName(stats), writtenMs: Number(stats.mtimeMs) })
    }
  }
  return listed.sort((one, other) => other.writtenMs - one.writtenMs)
}

/** Rotators append to a name, or put something before its extension. */
function isNamedAfter(path: string, original: string): boolean {
  return basename(path).startsWith(basename(original).replace(/\.log.*$/, ''))
}
