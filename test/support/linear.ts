/** Work over a text of `length` characters, made before its time is taken. */
export type WorkOfLength = (length: number) => () => void

const SHORT = 1 << 15
const TIMES_LONGER = 16
const ALLOWED = 4
const SLACK_MS = 20
const ATTEMPTS = 6

/**
 * Whether work on a text sixteen times as long takes about sixteen times as long, and not two hundred and fifty-six times. Two times of one
 * process are compared, the best of several attempts, so how fast the machine is and what else it does are not in it.
 */
export function takesLinearTime(workOf: WorkOfLength): boolean {
  const short = workOf(SHORT)
  const long = workOf(SHORT * TIMES_LONGER)
  // What is compiled on the way is in neither time.
  short()
  let shortMs = Number.POSITIVE_INFINITY
  let longMs = Number.POSITIVE_INFINITY
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    shortMs = Math.min(shortMs, cpuMsOf(short))
    longMs = Math.min(longMs, cpuMsOf(long))
    if (longMs <= shortMs * TIMES_LONGER * ALLOWED + SLACK_MS) return true
  }
  return false
}

function cpuMsOf(work: () => void): number {
  const before = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}
