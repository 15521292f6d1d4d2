import type { InputError } from '../../errors.js'
import { inputProblem } from '../input-problems.js'
import { compareRotations, readLogFileName } from '../log-file-name.js'
import { Copies } from './copies.js'
import type { FileCheckpoint } from './file-checkpoint.js'
import { inodeName } from './file-identity.js'
import { findLogs } from './find-logs.js'
import type { FollowedFile } from './followed-file.js'
import { emptyBlock, type Leftover, withoutRest } from './leftover.js'
import { Neighbours, statsOf } from './neighbours.js'
import { openNew, openResumed } from './open-followed.js'
import { OpenHandles } from './open-handles.js'
import { isOutOfReach, Recovery } from './recovery.js'
import { Successors } from './successors.js'
import type { TailLosses } from './tail-losses.js'
import { tooManyLogs, unreadFileWasDeleted, unreadFileWasGivenUp } from './tail-problems.js'
import type { TailedBlock } from './tailed-source.js'

export interface FollowedFilesOptions {
  readonly paths: readonly string[]
  readonly include: readonly string[]
  readonly exclude: readonly string[]
  readonly start: 'beginning' | 'end'
  readonly resume: readonly FileCheckpoint[]
  readonly maxLineBytes: number
  /** How long a file that was rotated away is kept open for lines that still come, after the last one. */
  readonly rotateWaitMs: number
  /** How long a file that was deleted unread is kept open. */
  readonly unreadWaitMs: number
  /** Files that were not read for so long are closed until they grow. */
  readonly closeIdleMs: number
  /** Of files that were not written to for so long when they are first seen, only what comes later is read. */
  readonly ignoreOlderThanMs: number
  readonly losses: TailLosses
  readonly onProblem: (problem: InputError) => void
}

/** The files that are followed, kept in step with the file system by `scan`; each is open as long as it is among them. */
export class FollowedFiles {
  readonly #options: FollowedFilesOptions
  readonly #byInode = new Map<string, FollowedFile>()
  readonly #neighbours = new Neighbours()
  readonly #copies = new Copies(this.#neighbours)
  readonly #successors: Successors
  readonly #recovery: Recovery
  readonly #handles: OpenHandles
  #resume: readonly FileCheckpoint[]
  #start: 'beginning' | 'end'
  #givenUp: Leftover[] = []
  /** Files that do not begin at their beginning, and of which nothing was given out. */
  #placed: FollowedFile[] = []
  /** Files whose name leads elsewhere. */
  readonly #departed = new WeakSet<FollowedFile>()
  /** Files whose loss was told before it happens. */
  readonly #endangered = new WeakSet<FollowedFile>()
  #directories: readonly string[] = []
  /** What was found when a file began anew may have come later than others were looked at. */
  #isOutdated = false
  /** Most problems last: they are told once. */
  readonly #told = new Set<string>()

  constructor(options: FollowedFilesOptions) {
    this.#options = options
    this.#resume = options.resume
    // A file that comes while we look, or came while nobody looked, is read whole.
    this.#start = options.resume.length > 0 ? 'beginning' : options.start
    const { closeIdleMs } = options
    this.#handles = new OpenHandles({ closeIdleMs, onFull: (maxOpen) => this.#tell(tooManyLogs(maxOpen)) })
    const common = {
      ...options,
      handles: this.#handles,
      neighbours: this.#neighbours,
      copies: this.#copies,
      followed: this.#byInode,
      read: (leftover: Leftover) => this.#givenUp.push(leftover),
      tell: (problem: InputError) => this.#tell(problem, 'again'),
    }
    this.#successors = new Successors(common)
    this.#recovery = new Recovery({ ...common, successors: this.#successors })
  }

  /** Finds files that came, went, were renamed or cut. Resolves to the directories in which that can happen. */
  async scan(): Promise<readonly string[]> {
    const { paths, directories } = await findLogs({
      inputs: this.#options.paths,
      include: this.#options.include,
      exclude: this.#options.exclude,
      onProblem: (problem) => this.#tell(problem),
    })
    this.#directories = directories
    const found = new Map<string, string[]>()
    const unknown: string[] = []
    for (const path of paths) {
      const inode = inodeAt(path)
      if (inode === null) continue
      const names = found.get(inode)
      names?.push(path)
      if (names !== undefined) continue
      found.set(inode, [path])
      if (!this.#byInode.has(inode) && !this.#copies.has(inode)) unknown.push(path)
    }
    if (this.#resume.length > 0) await this.#resumeAt(unknown)
    for (const path of unknown) await this.#follow(path)
    this.#rename(found)
    await this.#copies.review(
      (inode) => found.has(inode),
      () => this.#byInode.values(),
    )
    await this.#reviewGone(found)
    await this.#successors.review(directories)
    await this.refresh()
    await this.#handles.restIdle(performance.now())
    this.#start = 'beginning'
    return directories
  }

  /** Looks which files have grown. What came before a new one, and was rotated away before anybody looked, is found before that is read. */
  async refresh(): Promise<void> {
    await this.#lookAtAll()
    if (this.#fresh().length === 0 || !(await this.#successors.review(this.#directories))) return
    const found = this.#fresh()
    await this.#lookAtAll()
    const fresh = found.filter((file) => this.#byInode.get(file.inode) === file)
    const replaced: FollowedFile[] = []
    for (const file of fresh) if (!(await file.isAsOpened())) replaced.push(file)
    for (const file of replaced) await this.#beginAnew(file)
    // What is left of one is to be read before what came after it.
    const inTurn = replaced.length > 0 ? [] : fresh
    for (const file of inTurn) if (this.#byInode.get(file.inode) === file) await this.#sortOut(file)
    if (this.#isOutdated) await this.#lookAtAll()
  }

  /**
   * Files that came later are looked at first: what was written to an older one before them is seen then. One that was cut begins
   * anew: what is left of it is read, then the file from its start.
   */
  async #lookAtAll(): Promise<void> {
    for (let looks = 0; looks === 0 || (this.#isOutdated && looks < MAX_LOOKS); looks++) {
      this.#isOutdated = false
      for (const file of [...this.#current()].sort((one, other) => (isOlder(one, other) ? 1 : -1))) {
        if (this.#byInode.get(file.inode) !== file) continue
        await file.refresh()
        if (file.cut) await this.#beginAnew(file)
      }
    }
  }

  #fresh(): readonly FollowedFile[] {
    return [...this.#byInode.values()].filter((file) => !file.isSortedOut && file.sizeBytes > 0)
  }

  /** The file to read next: of each partition the oldest that has something, of those the one that is furthest back. */
  nextReady(): FollowedFile | null {
    const oldest = new Map<string, FollowedFile>()
    for (const file of this.#byInode.values()) {
      if (!file.ready || !file.isSortedOut) continue
      const other = oldest.get(file.source.partition)
      if (other === undefined || isOlder(file, other)) oldest.set(file.source.partition, file)
    }
    return [...oldest.values()].reduce<FollowedFile | null>(
      (first, file) => (first === null || file.nextTimestamp < first.nextTimestamp ? file : first),
      null,
    )
  }

  /**
   * What is left of a file that is not followed any longer, once nothing older of its partition is to be read: whoever takes
   * it reads it to its end and closes it.
   */
  takeGivenUp(): Leftover | null {
    const inTurn = [...this.#givenUp].sort((one, other) => (one.beganAt < other.beganAt ? -1 : 1))
    const next = inTurn.find((leftover) => !this.#hasOlder(leftover)) ?? null
    this.#givenUp = this.#givenUp.filter((leftover) => leftover !== next)
    return next
  }

  #hasOlder({ source, beganAt }: Leftover): boolean {
    for (const file of this.#byInode.values()) {
      const isOfPartition = file.source.partition === source.partition
      if (isOfPartition && file.ready && file.beganAt !== '' && file.beganAt < beganAt) return true
    }
    return false
  }

  /** Where new files begin that do not begin at their beginning: to be known after a restart, though they may never have a line. */
  takePlaces(): readonly TailedBlock[] {
    const places = this.#placed.map(({ source, offset }) => emptyBlock(source, offset))
    this.#placed = []
    return places
  }

  async closeAll(): Promise<void> {
    for (const file of [...this.#byInode.values(), ...this.#givenUp]) await file.close()
    this.#byInode.clear()
    this.#givenUp = []
  }

  /** Files where their checkpoints say: themselves first, then those with their content, then what is left of them elsewhere. */
  async #resumeAt(paths: readonly string[]): Promise<void> {
    for (const as of ['file', 'content'] as const) {
      for (const path of paths) {
        const inode = inodeAt(path)
        if (inode !== null && !this.#byInode.has(inode)) await this.#open(path, as)
      }
    }
    const outOfReach = new Set<FileCheckpoint>()
    for (const checkpoint of this.#resume) if (await isOutOfReach(checkpoint)) outOfReach.add(checkpoint)
    const elsewhere = this.#resume.filter((checkpoint) => !outOfReach.has(checkpoint))
    this.#resume = [...outOfReach]
    await this.#recovery.resumeElsewhere(elsewhere, this.#directories)
  }

  async #follow(path: string): Promise<void> {
    const inode = inodeAt(path)
    if (inode !== null && !this.#byInode.has(inode)) await this.#open(path, 'new')
  }

  async #open(path: string, as: 'file' | 'content' | 'new'): Promise<void> {
    const options = { path, maxLineBytes: this.#options.maxLineBytes, handles: this.#handles }
    try {
      const file =
        as === 'new'
          ? await openNew({ ...options, start: this.#startAt(path) })
          : await openResumed({ ...options, resume: this.#resume, as })
      if (file === null) return
      const { resumed } = file.source
      this.#resume = this.#resume.filter((checkpoint) => checkpoint !== resumed)
      if (as === 'content' && resumed !== null) await this.#recovery.noteResumed(resumed, path)
      // Between the look and the opening another file may have come to the path.
      if (this.#byInode.has(file.inode)) await file.close()
      else this.#byInode.set(file.inode, file)
    } catch (error) {
      const problem = inputProblem(path, error)
      // Gone again since it was found.
      if (problem.code !== 'input_not_found') this.#tell(problem)
    }
  }

  #startAt(path: string): 'beginning' | 'end' {
    if (this.#start === 'end') return 'end'
    const writtenMs = Number(statsOf(path)?.mtimeMs ?? Number.POSITIVE_INFINITY)
    return Date.now() - writtenMs > this.#options.ignoreOlderThanMs ? 'end' : 'beginning'
  }

  /** A file keeps its name for as long as it has it: links do not take turns. */
  #rename(found: ReadonlyMap<string, readonly string[]>): void {
    for (const [inode, paths] of found) {
      const file = this.#byInode.get(inode)
      if (file !== undefined && !paths.includes(file.path)) file.moveTo(paths[0])
    }
  }

  /** Before its first line is read: a file may hold what is read elsewhere, or has been. */
  async #sortOut(file: FollowedFile): Promise<void> {
    const original =
      file.source.resumed === null ? await this.#copies.originalOf(file.asFound, this.#byInode.values()) : null
    if (original === null) {
      file.isSortedOut = true
      if (file.source.resumed === null && file.offset > 0) this.#placed.push(file)
      return
    }
    this.#byInode.delete(file.inode)
    if (original === 'finished' || original.path !== file.path) {
      this.#copies.add(file.inode, file.path)
      await file.close()
      // A rotator makes a copy to cut the original, which may have grown past its old size since.
      if (original !== 'finished' && !(await original.isAsRead())) await this.#beginAnew(original)
      return
    }
    // The same content under the same name: the file system gives out another inode, or the file was copied into its place.
    this.#byInode.delete(original.inode)
    await original.continueIn(file.giveAway(), file.path)
    this.#byInode.set(original.inode, original)
  }

  async #beginAnew(file: FollowedFile): Promise<void> {
    const { path } = file
    this.#byInode.delete(file.inode)
    await this.#recovery.recoverCut(file, this.#directories)
    await this.#follow(path)
    await this.#successors.review(this.#directories)
    this.#isOutdated = true
  }

  async #reviewGone(found: ReadonlyMap<string, unknown>): Promise<void> {
    for (const file of this.#current()) {
      const isNamed = await file.refresh()
      const isGone = !file.cut && !found.has(file.inode) && (!isNamed || this.#isReplaced(file))
      if (isGone && !this.#departed.has(file)) {
        this.#departed.add(file)
        this.#successors.noteDeparture(file)
      }
      const isUnread = file.ready && file.unreadBytes > 0
      file.leavableSinceMs = isGone && !isUnread ? (file.leavableSinceMs ?? performance.now()) : null
      file.endangeredSinceMs = !isNamed && isUnread ? (file.endangeredSinceMs ?? performance.now()) : null
      const { rotateWaitMs, unreadWaitMs } = this.#options
      if (hasPassed(file.leavableSinceMs, rotateWaitMs)) this.#giveUp(file)
      else if (hasPassed(file.endangeredSinceMs, unreadWaitMs) && this.#endangered.has(file)) this.#giveUpUnread(file)
      else if (hasPassed(file.endangeredSinceMs, Math.min(WARN_AFTER_MS, unreadWaitMs / 2))) {
        this.#endangered.add(file)
        this.#tell(unreadFileWasDeleted(file.path, file.unreadBytes, unreadWaitMs / 2))
      }
    }
  }

  /** True where the gateway writes to another file now: one has the name under which this one was known, or a rotator had given it that. */
  #isReplaced({ inode, source: { path } }: FollowedFile): boolean {
    const there = inodeAt(path)
    return (there !== null && there !== inode) || readLogFileName(path).rotation.age < 0
  }

  /** Those that are followed when their turn comes: one may be taken away while another is looked at. */
  *#current(): Iterable<FollowedFile> {
    for (const file of [...this.#byInode.values()]) if (this.#byInode.get(file.inode) === file) yield file
  }

  #giveUp(file: FollowedFile): void {
    this.#byInode.delete(file.inode)
    this.#copies.finish(file.asKnown)
    this.#givenUp.push(file)
  }

  #giveUpUnread(file: FollowedFile): void {
    this.#options.losses.add('given_up', file.unreadBytes)
    this.#tell(unreadFileWasGivenUp(file.path, file.unreadBytes), 'again')
    this.#byInode.delete(file.inode)
    this.#givenUp.push(withoutRest(file))
  }

  #tell(problem: InputError, how: 'once' | 'again' = 'once'): void {
    if (how === 'once' && this.#told.has(problem.message)) return
    this.#told.add(problem.message)
    this.#options.onProblem(problem)
  }
}

/** Where files are cut all the time, those that are not go on. */
const MAX_LOOKS = 4

/** How long a file may be deleted and unread before that is told. */
const WARN_AFTER_MS = 60_000

function hasPassed(sinceMs: number | null, waitMs: number): boolean {
  return sinceMs !== null && performance.now() - sinceMs >= waitMs
}

/** Null where nothing is, or nothing may be looked at. */
function inodeAt(path: string): string | null {
  const stats = statsOf(path)
  return stats === null ? null : inodeName(stats)
}

/** Names tell it only where times do not: a rotator changes them at any moment. One without a time has nothing yet. */
function isOlder(left: FollowedFile, right: FollowedFile): boolean {
  const [one, other] = [left.beganAt || NO_TIME, right.beganAt || NO_TIME]
  if (one !== other) return one < other
  return compareRotations(left.rotation, right.rotation) < 0
}

/** Sorts behind all times. */
const NO_TIME = '~'
