import { type BigIntStats, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { firstTimestamp, HEAD_BYTES } from '../content.js'
import { Head, inodeName } from './file-identity.js'
import { openFound, withContent } from './found.js'
import { PackedBytes } from './packed-log.js'

/** A file that lies beside the logs. */
export interface Neighbour {
  readonly path: string
  /** `<device>:<inode>`. */
  readonly inode: string
  readonly writtenMs: number
  /** Nothing tells yet whether it is packed. */
  readonly isEmpty: boolean
  /** Another one whenever something was written to the file, or it is another file. */
  readonly version: string
  /** Null where it is gone, may not be read, or begins as a packed file that is damaged. */
  look(): Promise<Look | null>
  /** False for a packed file that ends early or is damaged: a rotator may be packing it. */
  isWhole(): Promise<boolean>
}

/** How a file begins; the same object for as long as nothing is written to it. */
export interface Look {
  /** Of what it holds, unpacked. */
  readonly head: Head
  /** The first time in it, as text that sorts by time; empty where there is none. */
  readonly beganAt: string
  readonly isPacked: boolean
}

/** Rotated logs do not change, and there may be hundreds of them: each is looked at once. */
const MAX_LOOKS = 4_096
/** A rotator gives hundreds of files other names within milliseconds. */
const LIST_AGAIN = 20
const LIST_AGAIN_MS = 10

/** What lies in the directories of the logs. */
export class Neighbours {
  /** By inode, of the version that was looked at last; what was asked for last is last. */
  readonly #looks = new Map<string, { readonly version: string; readonly look: Look }>()
  readonly #whole = new WeakSet<Look>()

  /** What was written last comes first. Asks in the foreground, as `RestingHandle.look` does. */
  async list(directories: Iterable<string>): Promise<readonly Neighbour[]> {
    const all = [...new Set(directories)]
    let listed = this.#listOnce(all)
    // Names that change while they are listed may be left out, or come twice.
    for (let attempt = 0; attempt < LIST_AGAIN; attempt++) {
      const again = this.#listOnce(all)
      if (isSame(listed, again)) break
      listed = again
      await sleep(LIST_AGAIN_MS)
    }
    return listed.sort((one, other) => other.writtenMs - one.writtenMs)
  }

  #listOnce(directories: readonly string[]): Neighbour[] {
    const paths = directories.flatMap((directory) => namesIn(directory).map((name) => join(directory, name)))
    return paths.map((path) => this.at(path)).filter((neighbour) => neighbour !== null)
  }

  /** Null where no file is, or none may be looked at. */
  at(path: string): Neighbour | null {
    const stats = statsOf(path)
    if (stats?.isFile() !== true) return null
    const inode = inodeName(stats)
    const version = `${inode}:${stats.size}:${stats.mtimeNs}`
    const look = () => this.#lookAt(path, inode, version)
    const isWhole = async () => {
      const seen = await look()
      return seen !== null && (!seen.isPacked || this.#isWhole(path, seen))
    }
    return { path, inode, writtenMs: Number(stats.mtimeMs), isEmpty: stats.size === 0n, version, look, isWhole }
  }

  async #lookAt(path: string, inode: string, version: string): Promise<Look | null> {
    const known = this.#looks.get(inode)
    const look = known?.version === version ? known.look : await readLook(path, inode)
    this.#looks.delete(inode)
    if (look !== null) this.#looks.set(inode, { version, look })
    if (this.#looks.size > MAX_LOOKS) this.#looks.delete(this.#looks.keys().next().value!)
    return look
  }

  async #isWhole(path: string, look: Look): Promise<boolean> {
    if (!this.#whole.has(look) && (await canBeUnpacked(path))) this.#whole.add(look)
    return this.#whole.has(look)
  }
}

async function readLook(path: string, inode: string): Promise<Look | null> {
  const found = await openFound(path)
  try {
    // Another file may have come to the path.
    if (found?.handle.inode !== inode) return null
    const buffer = new Uint8Array(HEAD_BYTES)
    const head = buffer.subarray(0, await withContent(found, (readAt) => readAt(buffer, 0)))
    return { head: new Head(head), beganAt: firstTimestamp(head) ?? '', isPacked: found.isPacked }
  } catch {
    return null
  } finally {
    await found?.handle.close()
  }
}

async function canBeUnpacked(path: string): Promise<boolean> {
  const found = await openFound(path)
  if (found === null) return false
  const bytes = new PackedBytes(found.handle)
  try {
    await bytes.check()
    return true
  } catch {
    return false
  } finally {
    await bytes.close()
    await found.handle.close()
  }
}

function isSame(listed: readonly Neighbour[], again: readonly Neighbour[]): boolean {
  return (
    listed.length === again.length &&
    listed.every(({ path, inode }, index) => path === again[index].path && inode === again[index].inode)
  )
}

/** Null where nothing is, or nothing may be looked at. */
export function statsOf(path: string): BigIntStats | null {
  try {
    return statSync(path, { bigint: true, throwIfNoEntry: false }) ?? null
  } catch {
    return null
  }
}

/** None where the directory is gone or may not be read. */
function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}
