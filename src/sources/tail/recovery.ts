import { access, constants, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { systemCode } from '../../errors.js'
import type { FileCheckpoint } from './file-checkpoint.js'
import { inodeName, parseIdentity, parseTrail } from './file-identity.js'
import type { FollowedFile } from './followed-file.js'
import { isCopy } from './found.js'
import { withoutRest } from './leftover.js'
import type { Neighbour } from './neighbours.js'
import { resumeIn } from './open-followed.js'
import { packedLog } from './packed-log.js'
import { patiently } from './patiently.js'
import { findRemains, type Remains, type Wanted } from './remains.js'
import type { Successors, SuccessorsOptions } from './successors.js'
import type { TailLosses } from './tail-losses.js'
import { fileWasCut, followedFileIsGone } from './tail-problems.js'
import { type TailedSource, tailedSource } from './tailed-source.js'

export interface RecoveryOptions extends SuccessorsOptions {
  readonly losses: TailLosses
  readonly successors: Successors
}

/** Finds what rotators left of files that are no longer where they were: renamed, copied or packed. */
export class Recovery {
  readonly #options: RecoveryOptions

  constructor(options: RecoveryOptions) {
    this.#options = options
  }

  /**
   * A file was cut. What a rotator copied of it before is read on in the copy; whoever calls follows the file anew and then looks for
   * successors: it may be cut again before anybody has seen what was written in between, and there is a younger copy then.
   */
  async recoverCut(file: FollowedFile, directories: readonly string[]): Promise<void> {
    const { copies, losses, successors, read, tell } = this.#options
    const { path, offset, reachedBytes } = file
    const twin = await this.#twinOf(file)
    if (twin !== null) {
      tell(fileWasCut(path, twin.path))
      losses.add('cut', 0)
      return file.close()
    }
    const isTaken = (inode: string) => inode === file.inode || this.#isTaken(inode)
    const found = await this.#findPatiently(file, directories, isTaken)
    tell(fileWasCut(path, found?.path ?? null, reachedBytes - offset))
    if (found === null) {
      losses.add('cut', reachedBytes - offset)
      // Should a copy turn up, what was read of it is not read again.
      copies.finish(file.asKnown)
      read(withoutRest(file))
    } else if (found.isPacked) {
      losses.add('cut', 0)
      await file.close()
      copies.finish(file.asKnown)
      read(packedLog({ ...this.#options, ...found, source: file.source, startOffset: offset }))
    } else {
      await this.#release(found.handle.inode)
      await found.handle.joinTurns(this.#options.handles)
      await file.continueIn(found.handle, found.path)
      losses.add('cut', reachedBytes - Math.max(offset, file.sizeBytes))
      this.#options.followed.set(file.inode, file)
    }
    successors.noteDeparture({ identity: file.identity, trail: file.trail, path })
  }

  /** Files of a former run that are not among the paths: they were renamed, or packed, or are gone. */
  async resumeElsewhere(resume: readonly FileCheckpoint[], directories: readonly string[]): Promise<void> {
    const { neighbours, successors } = this.#options
    const resumed: Resumed[] = []
    let missing = resume
    await patiently(async () => {
      if (missing.length === 0) return true
      const listed = await neighbours.list([...directories, ...missing.map(({ path }) => dirname(path))])
      const still: FileCheckpoint[] = []
      for (const checkpoint of missing) {
        const one = await this.#resumeOne(checkpoint, listed)
        if (one === null) still.push(checkpoint)
        else resumed.push(one)
      }
      missing = still
      return missing.length === 0
    })
    for (const checkpoint of missing) await this.#endGone(checkpoint)
    for (const { wanted } of oldestOfEach(resumed)) successors.noteDeparture(wanted)
    await successors.review(directories)
  }

  /** A copy that is read as a file of its own, because nothing had been read of the original. */
  async #twinOf(file: FollowedFile): Promise<FollowedFile | null> {
    if (file.offset > 0 || file.source.resumed !== null) return null
    for (const other of this.#options.followed.values()) {
      if (other.source.partition === file.source.partition && (await isCopy(other.asFound, file))) return other
    }
    return null
  }

  /** Null where nothing of it is found. */
  async #resumeOne(checkpoint: FileCheckpoint, neighbours: readonly Neighbour[]): Promise<Resumed | null> {
    const { maxLineBytes, handles, followed, read, copies } = this.#options
    const identity = parseIdentity(checkpoint.identity)
    if (identity === null) return null
    const wanted = { identity, trail: trailOf(checkpoint), path: checkpoint.path }
    const found = await findRemains(wanted, neighbours, (inode) => followed.has(inode))
    if (found === null) return null
    const { path, handle, isPacked, beganAt } = found
    await this.noteResumed(checkpoint, path)
    if (isPacked) {
      copies.finish({ ...wanted, partition: checkpoint.partition })
      read(packedLog({ source: sourceOf(checkpoint), handle, startOffset: checkpoint.floor, maxLineBytes, beganAt }))
    } else {
      const file = await resumeIn(handle, { path, maxLineBytes, handles }, checkpoint)
      followed.set(file.inode, file)
    }
    return { wanted, partition: checkpoint.partition, beganAt }
  }

  /**
   * A file goes on at `path`. Where its old name still leads to the inode that it had, and that is no new file on it, this is
   * a copy: the file was cut while nobody looked.
   */
  async noteResumed(checkpoint: FileCheckpoint, path: string): Promise<void> {
    // Of one that has ended, that was told.
    if (checkpoint.ended === true || path === checkpoint.path || !(await isStillThere(checkpoint))) return
    const [live, rest] = await Promise.all([checkpoint.path, path].map((each) => stat(each).catch(() => null)))
    if (live === null || rest === null || live.ino === rest.ino || live.birthtimeMs >= rest.mtimeMs) return
    this.#options.losses.add('cut', 0)
    this.#options.tell(fileWasCut(checkpoint.path, path))
  }

  async #endGone(checkpoint: FileCheckpoint): Promise<void> {
    const { losses, tell, read } = this.#options
    const close = async () => {}
    read(withoutRest({ source: sourceOf(checkpoint), offset: checkpoint.floor, close }))
    const { path, storedThrough, ended = false } = checkpoint
    const unstoredBytes = Math.max(0, (trailOf(checkpoint)?.offset ?? 0) - storedThrough)
    // What was lost of it besides was told when it ended.
    if (ended && unstoredBytes === 0) return
    if (await isStillThere(checkpoint)) {
      losses.add('cut', unstoredBytes)
      tell(fileWasCut(path, null, unstoredBytes))
    } else {
      losses.add('gone', unstoredBytes)
      tell(followedFileIsGone(path, unstoredBytes))
    }
  }

  /** One that is not sorted out yet may well be the copy that is looked for. */
  #isTaken(inode: string): boolean {
    return this.#options.followed.get(inode)?.isSortedOut === true
  }

  async #findPatiently(
    wanted: Wanted,
    directories: readonly string[],
    isTaken: (inode: string) => boolean,
  ): Promise<Remains | null> {
    let found: Remains | null = null
    await patiently(async () => {
      const neighbours = await this.#options.neighbours.list([...directories, dirname(wanted.path)])
      found = await findRemains(wanted, neighbours, isTaken)
      return found !== null
    })
    return found
  }

  async #release(inode: string): Promise<void> {
    const { copies, followed } = this.#options
    copies.release(inode)
    await followed.get(inode)?.close()
    followed.delete(inode)
  }
}

interface Resumed {
  readonly wanted: Wanted
  readonly partition: string
  /** The first time in it. */
  readonly beganAt: string
}

/** Of each partition the oldest: what came after the others came after it, too. */
function oldestOfEach(resumed: readonly Resumed[]): readonly Resumed[] {
  const oldest = new Map<string, Resumed>()
  for (const one of resumed) {
    const other = oldest.get(one.partition)
    if (other === undefined || one.beganAt < other.beganAt) oldest.set(one.partition, one)
  }
  return [...oldest.values()]
}

/** True where a file may still be where it was, but may not be looked at or read: it is waited for. */
export async function isOutOfReach({ path, identity }: FileCheckpoint): Promise<boolean> {
  try {
    const stats = await stat(path, { bigint: true })
    if (inodeName(stats) === parseIdentity(identity)?.inode) await access(path, constants.R_OK)
    return false
  } catch (error) {
    return !['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')
  }
}

/** True where the name under which a file was known leads to the inode that it had. */
async function isStillThere({ path, identity }: FileCheckpoint): Promise<boolean> {
  const stats = await stat(path, { bigint: true }).catch(() => null)
  return stats !== null && inodeName(stats) === parseIdentity(identity)?.inode
}

function trailOf({ trail }: FileCheckpoint) {
  return trail === undefined ? null : parseTrail(trail)
}

/** Of a file that is not open. */
function sourceOf(checkpoint: FileCheckpoint): TailedSource {
  return tailedSource(checkpoint.path, checkpoint, () => checkpoint)
}
