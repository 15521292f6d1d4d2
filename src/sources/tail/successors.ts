import { dirname } from 'node:path'
import type { InputError } from '../../errors.js'
import { readLogFileName } from '../log-file-name.js'
import type { Copies } from './copies.js'
import { formatIdentity } from './file-identity.js'
import type { FollowedFile } from './followed-file.js'
import { type Found, openFound } from './found.js'
import type { Leftover } from './leftover.js'
import type { Look, Neighbour, Neighbours } from './neighbours.js'
import { followNew } from './open-followed.js'
import type { OpenHandles } from './open-handles.js'
import { packedLog } from './packed-log.js'
import { patiently } from './patiently.js'
import { findRemains, findYounger, type Wanted } from './remains.js'
import { packedLogIsDamaged } from './tail-problems.js'
import { tailedSource } from './tailed-source.js'

export interface SuccessorsOptions {
  readonly maxLineBytes: number
  readonly handles: OpenHandles
  readonly neighbours: Neighbours
  readonly copies: Copies
  /** By inode: what is followed; what is found is added. */
  readonly followed: Map<string, FollowedFile>
  /** Takes what is to be read to its end. */
  readonly read: (leftover: Leftover) => void
  readonly tell: (problem: InputError) => void
}

/** A rotator that packs many files may take so long over the names of one. */
const WATCH_MS = 5_000
/** Also where a busy machine looks less often than that. */
const MIN_LOOKS = 3
/** A packed file that is not whole so long after it was written to is no longer being packed. */
const PACKING_MS = 2_000
/** So often a log that departed is looked for at once; after that, once at a time. */
const URGENT_LOOKS = 4

interface Departure {
  readonly wanted: Wanted
  readonly untilMs: number
  looks: number
}

/**
 * Finds the logs that came to a path and were rotated away again before anybody looked: they lie between the one that was
 * seen there and the live one. A rotator may be at work while we look, so one look is not enough.
 */
export class Successors {
  readonly #options: SuccessorsOptions
  #departures: Departure[] = []
  /** What is read, or was. */
  readonly #read = new WeakSet<Look>()
  /** Versions of damaged files that were told. */
  readonly #told = new Set<string>()

  constructor(options: SuccessorsOptions) {
    this.#options = options
  }

  /** A log is no longer where it was, or was cut. */
  noteDeparture(wanted: Wanted): void {
    this.#departures.push({ wanted, untilMs: performance.now() + WATCH_MS, looks: 0 })
  }

  /** Resolves to false where a rotator is still at work. */
  async review(directories: readonly string[]): Promise<boolean> {
    const nowMs = performance.now()
    this.#departures = this.#departures.filter(({ untilMs, looks }) => nowMs < untilMs || looks < MIN_LOOKS)
    const departures = [...this.#departures]
    return departures.length === 0 || patiently(() => this.#lookFor(departures, directories))
  }

  /** Resolves to false where a rotator took something away meanwhile. */
  async #lookFor(departures: readonly Departure[], directories: readonly string[]): Promise<boolean> {
    const places = departures.map(({ wanted }) => dirname(wanted.path))
    const neighbours = await this.#options.neighbours.list([...directories, ...places])
    let isSettled = true
    for (const departure of departures) {
      departure.looks++
      const path = await this.#find(departure, neighbours)
      if (path === null) isSettled &&= departure.looks > URGENT_LOOKS
      // None is taken before an older one.
      else for (const younger of await findYounger(path, neighbours)) if (!(await this.#take(younger))) return false
    }
    return isSettled
  }

  /** Where the log that departed is now. */
  async #find({ wanted }: Departure, neighbours: readonly Neighbour[]): Promise<string | null> {
    const { followed } = this.#options
    const { inode } = wanted.identity
    const isOther = (other: string) => other !== inode && followed.get(other)?.isSortedOut === true
    const found = await findRemains(wanted, neighbours, isOther)
    if (found === null) return null
    await found.handle.close()
    const file = followed.get(inode)
    if (file === wanted && found.handle.inode === inode) file.moveTo(found.path)
    return found.path
  }

  /** Resolves to false where it has another name by now, or is packed. */
  async #take(neighbour: Neighbour): Promise<boolean> {
    const { path, inode, isEmpty } = neighbour
    const { copies, followed, neighbours } = this.#options
    if (isEmpty || copies.has(inode) || followed.has(inode)) return true
    const found = await openFound(path)
    if (found?.handle.inode === inode && (await this.#takeFound(found, neighbour))) return true
    await found?.handle.close()
    return neighbours.at(path)?.inode === inode
  }

  /** Resolves to whether the open file is read from now on. */
  async #takeFound(found: Found, neighbour: Neighbour): Promise<boolean> {
    const look = await neighbour.look()
    if (look !== null && this.#read.has(look)) return false
    const isRead = look && (await this.#isRead(found))
    if (look === null || isRead === null || (!isRead && !(await neighbour.isWhole()))) {
      this.#tellDamaged(neighbour)
      return false
    }
    this.#read.add(look)
    if (isRead) return false
    if (look.isPacked) this.#readPacked(found, look)
    else await this.#follow(found)
    return true
  }

  /** Null where that can not be told. */
  async #isRead(found: Found): Promise<boolean | null> {
    const { copies, followed } = this.#options
    const { partition } = readLogFileName(found.path)
    return copies.originalOf({ ...found, partition }, followed.values()).then(
      (original) => original !== null,
      () => null,
    )
  }

  async #follow({ path, handle }: Found): Promise<void> {
    const file = await followNew(handle, { ...this.#options, path, start: 'beginning' })
    this.#options.followed.set(file.inode, file)
  }

  /** Not while a rotator may be packing it, for its original is there then, or has given it another name. */
  #tellDamaged({ path, version, writtenMs }: Neighbour): void {
    const isThere = this.#options.neighbours.at(path)?.version === version
    if (!isThere || Date.now() - writtenMs < PACKING_MS || this.#told.has(version)) return
    this.#options.tell(packedLogIsDamaged(path))
    this.#told.add(version)
  }

  #readPacked({ path, handle }: Found, { head, beganAt }: Look): void {
    const { copies, maxLineBytes, read } = this.#options
    const known = head.identity(handle.inode)
    const source = tailedSource(path, null, () => ({ identity: formatIdentity(known) }))
    copies.finish({ identity: known, trail: null, partition: source.partition })
    read(packedLog({ source, handle, startOffset: 0, maxLineBytes, beganAt }))
  }
}
