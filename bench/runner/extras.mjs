import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { performance } from 'node:perf_hooks'
import { checkReport } from './check-report.mjs'
import { measure, median } from './measure.mjs'
import { markdown, megabytes } from './table.mjs'

const STARTS = 10

/** Wall time from start to end, medians of ten runs. */
export function startUpTable({ main, samples, scratch }) {
  const cases = [
    ['hangup --version', [main, '--version'], '< 300'],
    ['hangup report on the samples', [main, 'report', samples], '< 1500'],
  ]
  const rows = cases.map(([name, parameters, limit]) => [name, wallMs(parameters, scratch), limit])
  return markdown('Start-up', ['command', 'median wall ms', 'to be'], rows)
}

function wallMs(parameters, scratch) {
  const times = []
  for (let start = 0; start < STARTS; start += 1) {
    const before = performance.now()
    const { status, stderr } = spawnSync(process.execPath, parameters, {
      env: { ...process.env, HANGUP_STATE: path.join(scratch, 'state') },
      encoding: 'utf8',
    })
    if (status !== 0) return `failed: ${stderr.split('\n')[0]}`
    times.push(performance.now() - before)
  }
  return String(Math.round(median(times)))
}

/** Peak resident memory of `report --json` on logs of different sizes: it should not grow with them. */
export async function memoryTable({ main, files, scratch }) {
  const rows = []
  for (const { log, truth } of files) {
    const output = path.join(scratch, 'output')
    const command = [process.execPath, main, 'report', '--json', log]
    const environment = { HANGUP_STATE: path.join(scratch, 'state') }
    const run = await measure({ command, environment, stdoutFile: output, scratch })
    const faults = run.exitCode === 0 ? checkReport({ output, truth }) : [run.stderr.split('\n').at(-1)]
    const size = `${Math.round(fs.statSync(log).size / 1e6).toLocaleString('en')} MB`
    const rate = Math.round(truth.lines / run.cpuSeconds / 1_000).toLocaleString('en')
    rows.push([size, megabytes(run.peakBytes), rate, faults.length === 0 ? 'right' : `**wrong**: ${faults.join('; ')}`])
  }
  return markdown('Memory of report', ['log', 'peak MB (to be < 250)', 'thousand lines per CPU-second', 'answer'], rows)
}
