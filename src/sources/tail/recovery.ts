import { stat } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { InputError } from '../../errors.js'
import { isFirstOfProcess, readLogFileName } from '../log-file-name.js'
import type { Copies } from './copies.js'
import type { FileCheckpoint } from './file-checkpoint.js'
import { FINGERPRINT_BYTES, formatIdentity, identityOf, inodeName, parseIdentity, parseTrail } from './file-identity.js'
import type { FollowedFile } from './followed-file.js'
import { type Leftover, withoutRest } from './leftover.js'
import { openNew, resumeIn } from './open-followed.js'
import type { OpenHandles } from './open-handles.js'
import { packedLog } from './packed-log.js'
import { type Found, findRemains, findYounger, isCopy, openFound, type Wanted, withContent } from './remains.js'
import type { TailLosses } from './tail-losses.js'
import { fileWasCut, followedFileIsGone } from './tail-problems.js'
import type { TailedSource } from './tailed-source.js'

export interface RecoveryOptions {
  readonly maxLineBytes: number
  readonly handles: OpenHandles
  readonly losses: TailLosses
  readonly copies: Copies
  /** By inode: what is followed; what is found elsewhere is added. */
  readonly followed: Map<string, FollowedFile>
  /** Takes what is to be read to its end. */
  readonly read: (leftover: Leftover) => void
  readonly tell: (problem: InputError) => void
}

const CUT_AGAIN_MS = 5_000
const LOOKS = 4
const LOOK_AGAIN_MS = 25

/** Finds what rotators left of files that are no longer where they were: renamed, copied or packed. */
export class Recovery {
  readonly #options: RecoveryOptions
  /** Files whose successors were looked for. */
  readonly #left = new WeakSet<FollowedFile>()
  /** Files that were cut lately. */
  #cuts: { readonly wanted: Wanted; readonly untilMs: number }[] = []

  constructor(options: RecoveryOptions) {
    this.#options = options
  }

  /** A file was cut. What a rotator copied of it before is read on in the copy; whoever calls follows the file anew. */
  async recoverCut(file: FollowedFile, directories: readonly string[]): Promise<void> {
    const { copies, losses, read, tell } = this.#options
    const { path, offset, reachedBytes } = file
    const twin = await this.#twinOf(file)
    if (twin !== null) {
      tell(fileWasCut(path, twin.path))
      losses.add('cut', 0)
      return file.close()
    }
    const isTaken = (inode: string) => inode === file.inode || this.#isTaken(inode)
    const found = await findPatiently(file, directories, isTaken)
    tell(fileWasCut(path, found?.path ?? null, reachedBytes - offset))
    if (found === null) {
      losses.add('cut', reachedBytes - offset)
      read(withoutRest(file))
    } else if (found.isPacked) {
      losses.add('cut', 0)
      await file.close()
      copies.finish(file.asKnown)
      read(packedLog({ ...this.#options, source: file.source, handle: found.handle, startOffset: offset }))
    } else {
      await this.#release(found.handle.inode)
      await found.handle.joinTurns(this.#options.handles)
      await file.continueIn(found.handle, found.path)
      losses.add('cut', reachedBytes - Math.max(offset, file.sizeBytes))
      this.#options.followed.set(file.inode, file)
    }
    this.#cuts.push({
      wanted: { identity: file.identity, trail: file.trail, path },
      untilMs: performance.now() + CUT_AGAIN_MS,
    })
    await this.reviewCuts(directories)
  }

  /** A file that was cut may be cut again before anybody has seen what was written in between: there is a younger copy then. */
  async reviewCuts(directories: readonly string[]): Promise<void> {
    this.#cuts = this.#cuts.filter(({ untilMs }) => performance.now() < untilMs)
    for (const { wanted } of [...this.#cuts]) {
      const found = await findRemains(wanted, directories, () => false)
      if (found === null) continue
      await found.handle.close()
      await this.#readYoungerThan(found.path, wanted.path)
    }
  }

  /** Files of a former run that are not among the paths: they were renamed, or packed, or are gone. */
  async resumeElsewhere(resume: readonly FileCheckpoint[], directories: readonly string[]): Promise<void> {
    const found: { readonly path: string; readonly livePath: string }[] = []
    for (const checkpoint of resume) {
      const path = await this.#resumeOne(checkpoint, directories)
      if (path !== null) found.push({ path, livePath: checkpoint.path })
    }
    for (const { path, livePath } of found) await this.#readYoungerThan(path, livePath)
  }

  /** The file has left the paths: others may have come and gone after it before anybody looked. */
  async readYounger(file: FollowedFile, directories: readonly string[]): Promise<void> {
    if (this.#left.has(file)) return
    this.#left.add(file)
    const found = await findRemains(file, directories, (inode) => inode !== file.inode && this.#isTaken(inode))
    if (found === null) return
    await found.handle.close()
    if (!found.isPacked) file.moveTo(found.path)
    await this.#readYoungerThan(found.path, file.source.path)
  }

  /** A copy that is read as a file of its own, because nothing had been read of the original. */
  async #twinOf(file: FollowedFile): Promise<FollowedFile | null> {
    if (file.offset > 0 || file.source.resumed !== null) return null
    for (const other of this.#options.followed.values()) {
      if (other.source.partition === file.source.partition && (await isCopy(other.asFound, file))) return other
    }
    return null
  }

  async #resumeOne(checkpoint: FileCheckpoint, directories: readonly string[]): Promise<string | null> {
    const { maxLineBytes, handles, followed, read } = this.#options
    const identity = parseIdentity(checkpoint.identity)
    const wanted = identity && { identity, trail: trailOf(checkpoint), path: checkpoint.path }
    const found = wanted && (await findPatiently(wanted, directories, (inode) => followed.has(inode)))
    if (found === null) {
      await this.#tellGone(checkpoint)
      const close = async () => {}
      read(withoutRest({ source: sourceOf(checkpoint), offset: checkpoint.floor, close }))
      return null
    }
    const { path, handle, isPacked } = found
    await this.noteResumed(checkpoint, path)
    if (isPacked) {
      this.#options.copies.finish({ ...wanted!, partition: checkpoint.partition })
      read(packedLog({ source: sourceOf(checkpoint), handle, startOffset: checkpoint.floor, maxLineBytes }))
    } else {
      const file = await resumeIn(handle, { path, maxLineBytes, handles }, checkpoint)
      followed.set(file.inode, file)
    }
    return path
  }

  /**
   * A file goes on at `path`. Where its old name still leads to the inode that it had, and that is no new file on it, this is
   * a copy: the file was cut while nobody looked.
   */
  async noteResumed(checkpoint: FileCheckpoint, path: string): Promise<void> {
    if (path === checkpoint.path || !(await isStillThere(checkpoint))) return
    const [live, rest] = await Promise.all([checkpoint.path, path].map((each) => stat(each).catch(() => null)))
    if (live === null || rest === null || live.ino === rest.ino || live.birthtimeMs >= rest.mtimeMs) return
    this.#options.losses.add('cut', 0)
    this.#options.tell(fileWasCut(checkpoint.path, path))
  }

  async #tellGone(checkpoint: FileCheckpoint): Promise<void> {
    const { losses, tell } = this.#options
    const { path, storedThrough, ended = false } = checkpoint
    const unstoredBytes = Math.max(0, (trailOf(checkpoint)?.offset ?? 0) - storedThrough)
    if (await isStillThere(checkpoint)) {
      losses.add('cut', unstoredBytes)
      tell(fileWasCut(path, null, unstoredBytes))
    } else if (!ended || unstoredBytes > 0) {
      losses.add('gone', unstoredBytes)
      tell(followedFileIsGone(path, unstoredBytes))
    }
  }

  async #readYoungerThan(rotatedPath: string, livePath: string): Promise<void> {
    for (const path of await findYounger(rotatedPath, livePath)) {
      const found = await openFound(path)
      if (found === null) continue
      const isRead = await this.#isRead(found).catch(() => true)
      if (isRead || !found.isPacked) await found.handle.close()
      if (isRead) continue
      if (found.isPacked) await this.#readPacked(found)
      else await this.#follow(path)
    }
  }

  async #isRead(found: Found): Promise<boolean> {
    const { copies, followed } = this.#options
    const { inode } = found.handle
    if (copies.has(inode) || followed.has(inode)) return true
    const { partition } = readLogFileName(found.path)
    return (await copies.originalOf({ ...found, partition }, followed.values())) !== null
  }

  async #follow(path: string): Promise<void> {
    const file = await openNew({ ...this.#options, path, start: 'beginning' }).catch(() => null)
    if (file === null) return
    // The name may lead to another file by now.
    if (this.#options.followed.has(file.inode)) await file.close()
    else this.#options.followed.set(file.inode, file)
  }

  async #readPacked({ path, handle, ...found }: Found): Promise<void> {
    const head = new Uint8Array(FINGERPRINT_BYTES)
    const length = await withContent({ path, handle, ...found }, (readAt) => readAt(head, 0))
    const known = identityOf(handle.inode, head.subarray(0, length))
    const { partition, gateway, rotation } = readLogFileName(path)
    this.#options.copies.finish({ identity: known, trail: null, partition })
    const identity = formatIdentity(known)
    const source = { path, partition, gateway, isFirst: isFirstOfProcess(rotation), identity, resumed: null }
    this.#options.read(packedLog({ ...this.#options, source, handle, startOffset: 0 }))
  }

  /** One that is not sorted out yet may well be the copy that is looked for. */
  #isTaken(inode: string): boolean {
    return this.#options.followed.get(inode)?.isSortedOut === true
  }

  async #release(inode: string): Promise<void> {
    const { copies, followed } = this.#options
    copies.release(inode)
    await followed.get(inode)?.close()
    followed.delete(inode)
  }
}

/** A rotator may give what is looked for another name, or pack it, at the same time. */
async function findPatiently(
  wanted: Wanted,
  directories: readonly string[],
  isTaken: (inode: string) => boolean,
): Promise<Found | null> {
  for (let look = 0; look < LOOKS; look++) {
    if (look > 0) await sleep(LOOK_AGAIN_MS)
    const found = await findRemains(wanted, directories, isTaken)
    if (found !== null) return found
  }
  return null
}

/** True where the name under which a file was known leads to the inode that it had. */
async function isStillThere({ path, identity }: FileCheckpoint): Promise<boolean> {
  const stats = await stat(path, { bigint: true }).catch(() => null)
  return stats !== null && inodeName(stats) === parseIdentity(identity)?.inode
}

function trailOf({ trail }: FileCheckpoint) {
  return trail === undefined ? null : parseTrail(trail)
}

/** The source of a file that is not open. */
function sourceOf(checkpoint: FileCheckpoint): TailedSource {
  const { path, partition, identity, trail } = checkpoint
  const { gateway, rotation } = readLogFileName(path)
  return { path, partition, gateway, isFirst: isFirstOfProcess(rotation), identity, trail, resumed: checkpoint }
}
