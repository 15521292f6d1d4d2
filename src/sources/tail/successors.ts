import { dirname } from 'node:path'
import type { InputError } from '../../errors.js'
import { readLogFileName } from '../log-file-name.js'
import type { Copies } from './copies.js'
import { formatIdentity } from './file-identity.js'
import type { FollowedFile } from './followed-file.js'
import { type Found, openFound } from './found.js'
import type { Leftover } from './leftover.js'
import { type Look, type Neighbour, type Neighbours, statsOf } from './neighbours.js'
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

/** A directory in which names changed less than this ago may have changed again since it was asked, in the same tick of its clock. */
const TICK_MS = 100

interface Departure {
  readonly wanted: Wanted
  readonly untilMs: number
  looks: number
  /** Where the log was found, and when names were changed there before that; null where it was not found. */
  place: Place | null
}

interface Place {
  readonly directory: string
  /** Null where that was just now. */
  readonly changed: string | null
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
  /** A packed file that is not whole may get so without a change of names. */
  #sawUnfinished = false
  /** Versions of damaged files that were told. */
  readonly #told = new Set<string>()

  constructor(options: SuccessorsOptions) {
    this.#options = options
  }

  /** A log is no longer where it was, or was cut. */
  noteDeparture(wanted: Wanted): void {
    this.#departures.push({ wanted, untilMs: performance.now() + WATCH_MS, looks: 0, place: null })
  }

  /** Resolves to false where a rotator is still at work. */
  async review(directories: readonly string[]): Promise<boolean> {
    const nowMs = performance.now()
    this.#departures = this.#departures.filter(({ untilMs, looks }) => nowMs < untilMs || looks < MIN_LOOKS)
    const logs = this.#changedLogs()
    return logs.length === 0 || patiently(() => this.#lookFor(logs, directories))
  }

  /** The departures of each log, oldest first. Where no name has changed since one was found, there is nothing new. */
  #changedLogs(): readonly (readonly Departure[])[] {
    const logs = new Map<string, Departure[]>()
    for (const departure of this.#departures) {
      const { path } = departure.wanted
      const log = `${dirname(path)}\n${readLogFileName(path).partition}`
      logs.set(log, [...(logs.get(log) ?? []), departure])
    }
    return [...logs.values()].filter((log) => {
      const [{ place }] = log
      const isAsSeen = place !== null && place.changed !== null && placeAt(place.directory).changed === place.changed
      if (isAsSeen) for (const departure of log) departure.looks++
      return !isAsSeen
    })
  }

  /** Resolves to false where a rotator took something away meanwhile. */
  async #lookFor(logs: readonly (readonly Departure[])[], directories: readonly string[]): Promise<boolean> {
    const known = logs.map(([{ place }]) => place?.directory)
    const isKnown = (each: string | undefined): each is string => each !== undefined
    const places = known.every(isKnown)
      ? known
      : [...directories, ...logs.flat().map(({ wanted }) => dirname(wanted.path))]
    const before = new Map(places.map((directory) => [directory, placeAt(directory)]))
    const neighbours = await this.#options.neighbours.list(places)
    let isSettled = true
    for (const log of logs) {
      for (const departure of log) departure.looks++
      const path = await this.#findOldest(log, neighbours)
      const place = path === null ? null : (before.get(dirname(path)) ?? null)
      const isUrgent = log[0].place !== null || log[0].looks <= URGENT_LOOKS
      log[0].place = place
      this.#sawUnfinished = false
      if (path === null) isSettled &&= !isUrgent
      // None is taken before an older one.
      else for (const younger of await findYounger(path, neighbours)) if (!(await this.#take(younger))) return false
      if (place !== null && this.#sawUnfinished) log[0].place = { ...place, changed: null }
    }
    return isSettled
  }

  /** What came after the oldest one came after the others, too. */
  async #findOldest(log: readonly Departure[], neighbours: readonly Neighbour[]): Promise<string | null> {
    for (const departure of log) {
      const path = await this.#find(departure, neighbours)
      if (path !== null) return path
    }
    return null
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
    const isUnfinished = !isThere || Date.now() - writtenMs < PACKING_MS
    if (isUnfinished) this.#sawUnfinished = true
    if (isUnfinished || this.#told.has(version)) return
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

function placeAt(directory: string): Place {
  const stats = statsOf(directory)
  const isOld = stats !== null && Date.now() - Number(stats.mtimeMs) > TICK_MS
  return { directory, changed: isOld ? String(stats.mtimeNs) : null }
}
