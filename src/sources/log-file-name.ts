/** What the name of a log file tells. */
export interface LogFileName {
  /** Shared by files that continue each other: the rotations of one gateway process. */
  readonly partition: string
  /** Host name of the gateway, where the name holds one. */
  readonly gateway: string | null
  readonly rotation: Rotation
}

/** Place of a file among the files that it continues; `compareRotations` puts the oldest first. */
export interface Rotation {
  /** The gateway's own number, which grows with time; 0 where the name has none. */
  readonly number: number
  /** From the suffix of a log rotator: 0 for the live file, the more negative the older. */
  readonly age: number
}

/** `edgemicro-<hostname>-<uid>-<rotation>-api.log`; both host name and uid may hold dashes, a uid then is a UUID. */
const GATEWAY_NAME = /^edgemicro-(.+?)-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[^-]+)-(\d+)-api\.log$/i

/** `.1`, `-20260101`, `-2026010113`, `-20260101-1767225600`: what log rotators append. */
const ROTATOR_SUFFIX = /(?:\.(\d{1,4})|-(\d{8,14})(?:-\d+)?)$/

/**
 * Reads partition, gateway and rotation from a path, never from the file system. The partition of a gateway's own file
 * does not depend on its directory (`<hostname>/<uid>`); that of any other file is its path less the suffixes of rotators.
 */
export function readLogFileName(path: string): LogFileName {
  const { base, age } = stripRotatorSuffixes(path)
  const match = GATEWAY_NAME.exec(base.slice(base.lastIndexOf('/') + 1))
  if (match === null) return { partition: base, gateway: null, rotation: { number: 0, age } }
  const [, gateway, uid, number] = match
  return { partition: `${gateway}/${uid}`, gateway, rotation: { number: Number(number), age } }
}

/** Negative where `left` is the older one. */
export function compareRotations(left: Rotation, right: Rotation): number {
  return left.number - right.number || left.age - right.age
}

function stripRotatorSuffixes(path: string): { base: string; age: number } {
  const unpacked = path.replace(/\.gz$/i, '')
  const match = ROTATOR_SUFFIX.exec(unpacked)
  if (match === null) return { base: unpacked, age: 0 }
  const [suffix, count, date] = match
  return { base: unpacked.slice(0, -suffix.length), age: count === undefined ? ageOfDate(date) : -Number(count) }
}

/** A later date is less negative; every date lies before the live file and before `.9999`. */
function ageOfDate(date: string): number {
  return Number(date.padEnd(14, '0')) - 1e14
}

/** True for the file that a gateway process begins with; a copy that a rotator left is an older one, so this is not the begin. */
export function isFirstOfProcess({ number, age }: Rotation): boolean {
  return number === 1 && age === 0
}
