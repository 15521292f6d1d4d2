import { statSync } from 'node:fs'
import type { InputError } from '../../errors.js'
import { inputProblem } from '../input-problems.js'
import { compareRotations } from '../log-file-name.js'
import type { FileCheckpoint } from './file-checkpoint.js'
import { inodeName } from './file-identity.js'
import { findLogs, findMoved } from './find-logs.js'
import type { FollowedFile } from './followed-file.js'
import { type OpenOptions, openFollowed } from './open-followed.js'
import { OpenHandles } from './open-handles.js'
import { fileWasCut, followedFileIsGone, tooManyLogs } from './tail-problems.js'

export interface FollowedFilesOptions {
  readonly paths: readonly string[]
  readonly exclude: readonly string[]
  readonly start: 'beginning' | 'end'
  readonly resume: readonly FileCheckpoint[]
  readonly maxLineBytes: number
  /** A file that left the paths is given up only when nothing was written to it for so long. */
  readonly quietMs: number
  /** Files that were not read for so long are closed until they grow. */
  readonly closeIdleMs: number
  /** Of files that were not written to for so long when they are first seen, only what comes later is read. */
  readonly ignoreOlderThanMs: number
  readonly onProblem: (problem: InputError) => void
}

/** The files that are followed, kept in step with the file system by `scan`; each is open as long as it is among them. */
export class FollowedFiles {
  readonly #options: FollowedFilesOptions
  readonly #byInode = new Map<string, FollowedFile>()
  #resume: readonly FileCheckpoint[]
  #start: 'beginning' | 'end'
  #givenUp: FollowedFile[] = []
  /** Most problems last: they are told once. */
  readonly #told = new Set<string>()
  readonly #handles: OpenHandles

  constructor(options: FollowedFilesOptions) {
    this.#options = options
    this.#resume = options.resume
    const { closeIdleMs } = options
    this.#handles = new OpenHandles({ closeIdleMs, onFull: (maxOpen) => this.#tell(tooManyLogs(maxOpen)) })
    // A file that comes while we look, or came while nobody looked, is read whole.
    this.#start = options.resume.length > 0 ? 'beginning' : options.start
  }

  /** Finds files that came, went, were renamed or cut. Resolves to the directories in which that can happen. */
  async scan(): Promise<readonly string[]> {
    const { paths, directories } = await findLogs({
      inputs: this.#options.paths,
      exclude: this.#options.exclude,
      onProblem: (problem) => this.#tell(problem),
    })
    const found = new Set<string>()
    for (const path of paths) {
      const inode = await this.#see(path)
      if (inode !== null) found.add(inode)
    }
    await this.#resumeMoved()
    await this.#reviewGone(found)
    await this.refresh()
    await this.#handles.restIdle(performance.now())
    this.#start = 'beginning'
    return directories
  }

  /** Looks which files have grown. One that was cut begins anew: it is given up and followed from its start. */
  async refresh(): Promise<void> {
    for (const file of [...this.#byInode.values()]) {
      await file.refresh()
      if (!file.cut) continue
      this.#giveUp(file)
      this.#tell(fileWasCut(file.path), 'again')
      await this.#see(file.path)
    }
  }

  /** The file to read next: of each partition the oldest that has something, of those the one that is furthest back. */
  nextReady(): FollowedFile | null {
    const oldest = new Map<string, FollowedFile>()
    for (const file of this.#byInode.values()) {
      if (!file.ready) continue
      const other = oldest.get(file.source.partition)
      if (other === undefined || isOlder(file, other)) oldest.set(file.source.partition, file)
    }
    return [...oldest.values()].reduce<FollowedFile | null>(
      (first, file) => (first === null || file.nextTimestamp < first.nextTimestamp ? file : first),
      null,
    )
  }

  /** A file that is not followed any longer, still open: whoever takes it reads its rest and closes it. */
  takeGivenUp(): FollowedFile | null {
    return this.#givenUp.shift() ?? null
  }

  async closeAll(): Promise<void> {
    for (const file of [...this.#byInode.values(), ...this.#givenUp]) await file.close()
    this.#byInode.clear()
    this.#givenUp = []
  }

  async #see(path: string): Promise<string | null> {
    const stats = statSync(path, { bigint: true, throwIfNoEntry: false })
    if (stats === undefined) return null
    const known = this.#byInode.get(inodeName(stats))
    if (known === undefined) return this.#follow(path)
    known.moveTo(path)
    return known.inode
  }

  async #follow(path: string, start: OpenOptions['start'] = this.#start): Promise<string | null> {
    try {
      const { maxLineBytes } = this.#options
      const opened = await openFollowed({
        path,
        resume: this.#resume,
        start: this.#startAt(path, start),
        maxLineBytes,
        handles: this.#handles,
      })
      if (opened === null) return null
      if (opened.cut) this.#tell(fileWasCut(path))
      this.#resume = this.#resume.filter((checkpoint) => checkpoint !== opened.resumedFrom)
      this.#byInode.set(opened.file.inode, opened.file)
      return opened.file.inode
    } catch (error) {
      const problem = inputProblem(path, error)
      // Gone again since it was found.
      if (problem.code !== 'input_not_found') this.#tell(problem)
      return null
    }
  }

  #startAt(path: string, start: OpenOptions['start']): OpenOptions['start'] {
    if (start !== 'beginning') return start
    const writtenMs = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Number.POSITIVE_INFINITY
    return Date.now() - writtenMs > this.#options.ignoreOlderThanMs ? 'end' : start
  }

  /** Checkpoints whose files no path leads to: a rename may have taken them elsewhere in their directory. */
  async #resumeMoved(): Promise<void> {
    for (const checkpoint of this.#resume) {
      const path = await findMoved(checkpoint)
      if (path !== null) await this.#follow(path, 'nowhere')
      if (this.#resume.includes(checkpoint)) this.#tell(followedFileIsGone(checkpoint.path))
    }
    this.#resume = []
  }

  async #reviewGone(found: ReadonlySet<string>): Promise<void> {
    for (const file of [...this.#byInode.values()]) {
      const named = await file.refresh()
      const leavable = !found.has(file.inode) && !file.ready && (!named || (await this.#isReplaced(file)))
      file.leavableSinceMs = leavable ? (file.leavableSinceMs ?? performance.now()) : null
      if (leavable && performance.now() - (file.leavableSinceMs ?? 0) >= this.#options.quietMs) this.#giveUp(file)
    }
  }

  /** True where another file has the name under which the file was known: the gateway writes there now. */
  async #isReplaced(file: FollowedFile): Promise<boolean> {
    const stats = statSync(file.source.path, { bigint: true, throwIfNoEntry: false })
    return stats !== undefined && inodeName(stats) !== file.inode
  }

  #giveUp(file: FollowedFile): void {
    this.#byInode.delete(file.inode)
    this.#givenUp.push(file)
  }

  #tell(problem: InputError, how: 'once' | 'again' = 'once'): void {
    if (how === 'once' && this.#told.has(problem.message)) return
    this.#told.add(problem.message)
    this.#options.onProblem(problem)
  }
}

function isOlder(left: FollowedFile, right: FollowedFile): boolean {
  return (compareRotations(left.rotation, right.rotation) || (left.nextTimestamp < right.nextTimestamp ? -1 : 1)) < 0
}
