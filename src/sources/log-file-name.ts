import type { LineSource } from '../records.js'
import { readContainerLogName } from './container-log-name.js'

/** What the name of a log file tells. */
export interface LogFileName {
  /** Shared by files that continue each other: the rotations of one gateway process. */
  readonly partition: string
  /** Host name of the gateway, where the name holds one; of a container, what its runtime tells of it by the name. */
  readonly gateway: string | null
  /** As `LineSource.goesOn`. */
  readonly goesOn: boolean
  readonly rotation: Rotation
}

/** Place of a file among the files that it continues; `compareRotations` puts the oldest first. */
export interface Rotation {
  /** The gateway's own number, which grows with time; 0 where the name has none. */
  readonly number: number
  /** From the suffix of a log rotator: 0 for the live file, the more negative the older. */
  readonly age: number
  /** From which kind of suffix. */
  readonly by: 'count' | 'date' | 'aside' | null
}

/** `edgemicro-<hostname>-<uid>-<rotation>-api.log`; both host name and uid may hold dashes, a uid then is a UUID. */
const GATEWAY_NAME = /^edgemicro-(.+?)-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[^-]+)-(\d+)-api\.log$/i

/**
 * `.1`, `-20260101`, `-2026010113`, `-20260101-1767225600`: what log rotators append; `.20260101-101500`: what kubelet does.
 * `-2026010113.backup`: logrotate's for what it found in the place of the new log (`createOutputFile`), where a gateway was quicker.
 */
const ROTATOR_SUFFIX = /(?:\.(\d{1,4})|-(\d{8,14})(?:-\d+)?(\.backup)?|\.(\d{8}-\d{6}))$/

/**
 * Reads partition, gateway and rotation from a path, never from the file system. The partition of a gateway's own file
 * does not depend on its directory (`<hostname>/<uid>`), that of a container's log is told by its runtime's names; that of any other file is its path less the suffixes of rotators.
 */
export function readLogFileName(path: string): LogFileName {
  const { base, ...rotation } = stripRotatorSuffixes(path)
  const match = GATEWAY_NAME.exec(base.slice(base.lastIndexOf('/') + 1))
  if (match !== null) {
    const [, gateway, uid, number] = match
    return { partition: `${gateway}/${uid}`, gateway, goesOn: false, rotation: { number: Number(number), ...rotation } }
  }
  const container = readContainerLogName(base)
  return {
    ...(container ?? { partition: base, gateway: null }),
    goesOn: container !== null,
    rotation: { number: 0, ...rotation },
  }
}

/** The source that a log file is, as far as its path tells. */
export function sourceAt(path: string): LineSource {
  const { partition, gateway, goesOn, rotation } = readLogFileName(path)
  return { path, partition, gateway, isFirst: isFirstOfProcess(rotation), goesOn }
}

/** Negative where `left` is the older one. */
export function compareRotations(left: Rotation, right: Rotation): number {
  return left.number - right.number || left.age - right.age
}

/** False where the names of two files do not tell which of them is older. */
export function isOrderTold(left: Rotation, right: Rotation): boolean {
  if (left.number !== right.number) return true
  if (left.age === right.age) return false
  return left.by === null || right.by === null || (left.by === right.by && left.by !== 'aside')
}

function stripRotatorSuffixes(path: string): Pick<Rotation, 'age' | 'by'> & { readonly base: string } {
  const unpacked = path.replace(/\.gz$/i, '')
  const match = ROTATOR_SUFFIX.exec(unpacked)
  if (match === null) return { base: unpacked, age: 0, by: null }
  const [suffix, count, date, backup, time = date] = match
  const base = unpacked.slice(0, -suffix.length)
  if (count !== undefined) return { base, age: -Number(count), by: 'count' }
  return { base, age: ageOfDate(time.replace('-', '')), by: backup === undefined ? 'date' : 'aside' }
}

/** A later date is less negative; every date lies before the live file and before `.9999`. */
function ageOfDate(date: string): number {
  return Number(date.padEnd(14, '0')) - 1e14
}

/** True for the file that a gateway process begins with; a copy that a rotator left is an older one, so this is not the begin. */
function isFirstOfProcess({ number, age }: Rotation): boolean {
  return number === 1 && age === 0
}
