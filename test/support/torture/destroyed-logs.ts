import { createHash } from 'node:crypto'
import fs from 'node:fs'

/** A file that was deleted or cut: bytes `[from, to)` of its gateway's journal. */
export interface Destroyed {
  /** `<device>:<inode>`. */
  readonly inode: string
  readonly from: number
  readonly to: number
}

/** What a checkpoint says of one file. */
export interface CheckpointFile {
  readonly path: string
  /** `<device>:<inode>:<bytes>:<sha256 of that many first bytes>`. */
  readonly identity: string
  readonly storedThrough: number
  /** Begins with how far it was read. */
  readonly trail?: string
}

export const reached = ({ trail = '0' }: CheckpointFile): number => Number(trail.split(':')[0])

/** Bytes `[from, to)` of a journal. */
export type Stretch = Pick<Destroyed, 'from' | 'to'>

/**
 * Says what may be missing of files that were deleted or cut. A deleted file that a process holds open is read to its end, so as long as
 * that process lives nothing may be. Else it is what the last checkpoint does not have as stored. Of a file that was cut, too, and there
 * it is only a bound: what was read before the cut is stored a moment later, and no checkpoint need say so.
 */
export class DestroyedLogs<Holder> {
  readonly #checkpoint: () => readonly CheckpointFile[]
  readonly #all: Entry<Holder>[] = []
  /** By identity: the most that a checkpoint said to be stored. */
  readonly #storedThrough = new Map<string, number>()

  constructor(checkpoint: () => readonly CheckpointFile[]) {
    this.#checkpoint = checkpoint
  }

  /** To be called often: what is done with stands in no checkpoint any longer. */
  look(): readonly CheckpointFile[] {
    const files = this.#checkpoint()
    for (const { identity, storedThrough } of files) {
      this.#storedThrough.set(identity, Math.max(storedThrough, this.#storedThrough.get(identity) ?? 0))
    }
    return files
  }

  wasCut(where: Where, log: Destroyed): void {
    this.#all.push({ ...where, log, holder: null, kind: 'cut', unstored: 0 })
  }

  /** `holder` has it open; null where nobody has. */
  wasDeleted(where: Where, log: Destroyed, holder: Holder | null): void {
    const entry: Entry<Holder> = { ...where, log, holder, kind: 'deleted', unstored: 0 }
    this.#all.push(entry)
    if (holder === null) this.#lose(entry)
  }

  wasKilled(holder: Holder): void {
    for (const entry of this.#all) if (entry.holder === holder) this.#lose(entry)
  }

  /** Of the gateway's journal, in its order. */
  mayMiss(name: string): readonly Stretch[] {
    this.look()
    return this.#of(name)
      .map(({ log, journal, kind, storedThrough }) => {
        const stored = kind === 'cut' ? (this.#storedOf(log, journal) ?? 0) : (storedThrough ?? log.to - log.from)
        return { from: log.from + stored, to: log.to }
      })
      .filter(({ from, to }) => from < to)
  }

  /** What each of the gateway's files was that were destroyed. */
  of(name: string): readonly Destroyed[] {
    return this.#of(name).map(({ log }) => log)
  }

  /** Bytes that a process had read and that were not stored when the file was gone: the next one has to say so. */
  unstoredOf(name: string): readonly number[] {
    return this.#of(name)
      .map(({ unstored }) => unstored)
      .filter((unstored) => unstored > 0)
  }

  #of(name: string): readonly Entry<Holder>[] {
    return this.#all.filter((entry) => entry.name === name)
  }

  #lose(entry: Entry<Holder>): void {
    entry.holder = null
    const { log, journal } = entry
    const file = this.look().find(({ identity }) => isOf(identity, log, journal))
    if (file !== undefined) entry.unstored = Math.max(0, reached(file) - file.storedThrough)
    // Once it was in a checkpoint and is in none now: it was stored to its end and let go of.
    const isDone = file === undefined && this.#storedOf(log, journal) !== null
    entry.storedThrough = isDone ? log.to - log.from : (file?.storedThrough ?? 0)
  }

  /** Null where no checkpoint knew the file. */
  #storedOf(log: Destroyed, journal: string): number | null {
    const known = [...this.#storedThrough].filter(([identity]) => isOf(identity, log, journal))
    return known.length === 0 ? null : Math.max(...known.map(([, storedThrough]) => storedThrough))
  }
}

interface Where {
  /** Of the gateway. */
  readonly name: string
  readonly journal: string
}

interface Entry<Holder> extends Where {
  readonly log: Destroyed
  readonly kind: 'cut' | 'deleted'
  holder: Holder | null
  /** Of a file that was deleted and that no process holds: how far it was stored. Absent while one does. */
  storedThrough?: number
  unstored: number
}

/** Inodes are used again: the first bytes tell files apart. */
function isOf(identity: string, { inode, from, to }: Destroyed, journal: string): boolean {
  const [device, number, length, digest] = identity.split(':')
  const bytes = Number(length)
  if (`${device}:${number}` !== inode || bytes === 0 || bytes > to - from) return false
  return (
    createHash('sha256')
      .update(readStretch(journal, from, from + bytes))
      .digest('hex') === digest
  )
}

/** True where something of the file is in the digest of the identity, and is there still. */
export function beginsAs(file: string, identity: string): boolean {
  const [, , bytes, digest] = identity.split(':')
  const head = fs.readFileSync(file).subarray(0, Number(bytes))
  return head.length > 0 && createHash('sha256').update(head).digest('hex') === digest
}

export function inodeAt(file: string): string {
  const { dev, ino } = fs.statSync(file, { bigint: true })
  return `${dev}:${ino}`
}

function readStretch(file: string, from: number, to: number): Buffer {
  const descriptor = fs.openSync(file, 'r')
  try {
    const bytes = Buffer.alloc(to - from)
    return bytes.subarray(0, fs.readSync(descriptor, bytes, 0, bytes.length, from))
  } finally {
    fs.closeSync(descriptor)
  }
}
