import fs from 'node:fs'

/** What Linux counts in (`getconf CLK_TCK`). */
const TICKS_PER_SECOND = 100

/** User and system time of a process so far, all threads. */
export function cpuSecondsOf(pid) {
  const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8')
  const [user, system] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13)
    .map(Number)
  return (user + system) / TICKS_PER_SECOND
}

/** Memory of a process: `VmRSS` now, `VmHWM` at most. */
export function memoryBytesOf(pid, name) {
  const [, kilobytes] = new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))
  return Number(kilobytes) * 1_024
}
