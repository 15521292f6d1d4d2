import { spawn } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'

const GNU_TIME = '/usr/bin/time'

/**
 * Runs a command to its end and measures that child alone, all its threads included: `cpuSeconds` is user + system to
 * the millisecond (bash's `time`), `peakBytes` its largest resident set (GNU time; null where that is missing).
 * `stdinFile` and `stdoutFile` are opened for the child itself, so that no pipe of ours takes part.
 */
export async function measure({ command, environment = {}, stdinFile, stdoutFile, scratch }) {
  const timesFile = path.join(scratch, 'times')
  const peakFile = path.join(scratch, 'peak')
  const timed = fs.existsSync(GNU_TIME) ? [GNU_TIME, '-q', '-f', '%M', '-o', peakFile, ...command] : command
  const script = `TIMEFORMAT='%3U %3S %3R'; exec 3>&2; { time "$@" 2>&3; } 2>"$BENCH_TIMES"`
  const stdio = [openOr(stdinFile, 'r'), openOr(stdoutFile, 'w'), 'pipe']
  const child = spawn('bash', ['-c', script, 'bash', ...timed], {
    env: { ...process.env, LC_ALL: 'C.UTF-8', ...environment, BENCH_TIMES: timesFile },
    stdio,
  })
  const errors = []
  child.stderr.on('data', (chunk) => errors.push(chunk))
  const exitCode = await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  for (const descriptor of stdio) if (typeof descriptor === 'number') fs.closeSync(descriptor)
  const [user, system, wall] = fs.readFileSync(timesFile, 'utf8').trim().split('\n').at(-1).split(' ').map(Number)
  return {
    ...{ exitCode, cpuSeconds: user + system, wallSeconds: wall, peakBytes: readPeak(peakFile) },
    stderr: Buffer.concat(errors).toString().trim(),
  }
}

function openOr(file, flags) {
  return file === undefined ? 'ignore' : fs.openSync(file, flags)
}

function readPeak(file) {
  try {
    return Number(fs.readFileSync(file, 'utf8').trim().split('\n').at(-1)) * 1_024
  } catch {
    return null
  }
}

export function median(numbers) {
  const sorted = [...numbers].sort((one, other) => one - other)
  return sorted[Math.floor(sorted.length / 2)]
}
