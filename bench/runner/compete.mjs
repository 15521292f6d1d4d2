import fs from 'node:fs'
import path from 'node:path'
import { checkEntries } from './check-entries.mjs'
import { checkDocuments, checkFilter, checkPairs } from './check-failures.mjs'
import { checkReport } from './check-report.mjs'
import { measure, median } from './measure.mjs'

/** Left out of messages: tables are to be the same wherever the checkout lies. */
const CHECKOUT = path.join(import.meta.dirname, '..', '..')

const CHECKS = {
  entries: (input) => checkEntries({ ...input, form: 'entries' }),
  redacted: (input) => checkEntries({ ...input, form: 'redacted' }),
  events: (input) => checkEntries({ ...input, form: 'events' }),
  documents: checkDocuments,
  pairs: checkPairs,
  filter: checkFilter,
  report: checkReport,
}

/**
 * Runs one program on one log so many times; its first answer is checked. Returns medians, or why there are none:
 * `{ name, ours, missing }`, `{ name, ours, failed }`, or `{ name, ours, linesPerCpuSecond, cpuSeconds, …, faults, note }`.
 */
export async function compete({ contender, data, truth, rounds, scratch }) {
  const { name, ours = false } = contender
  const missing = contender.missing()
  if (missing !== null) return { name, ours, missing }
  const output = path.join(scratch, 'output')
  const runs = []
  let verdict
  for (let round = 0; round < rounds; round += 1) {
    fs.rmSync(output, { force: true })
    const run = await measure(invocation({ contender, log: data.log, output, scratch }))
    if (run.exitCode !== 0 || !fs.existsSync(output)) {
      return { name, ours, failed: complaint(run) }
    }
    verdict ??= judge(contender, { output, truth, pairsFile: data.pairs })
    runs.push(run)
  }
  fs.rmSync(output, { force: true })
  const cpuSeconds = median(runs.map((run) => run.cpuSeconds))
  return {
    ...{ name, ours, cpuSeconds, linesPerCpuSecond: truth.lines / cpuSeconds, ...verdict },
    wallSeconds: median(runs.map((run) => run.wallSeconds)),
    peakBytes: Math.max(...runs.map((run) => run.peakBytes ?? 0)) || null,
  }
}

function invocation({ contender, log, output, scratch }) {
  const { command, writes, stdin, outputVariable, environment } = contender
  return {
    ...{ command: command(log, output, scratch), scratch },
    ...(stdin ? { stdinFile: log } : {}),
    ...(writes ? {} : { stdoutFile: output }),
    environment: {
      ...{ HANGUP_STATE: path.join(scratch, 'state'), ...environment },
      ...(outputVariable === undefined ? {} : { [outputVariable]: output }),
    },
  }
}

function complaint({ stderr, exitCode }) {
  const lines = stderr.split('\n').filter((line) => line !== '')
  const line = lines.find((each) => /error/i.test(each)) ?? lines[0] ?? `exit code ${exitCode}`
  return line.replaceAll(`${CHECKOUT}${path.sep}`, '')
}

function judge(contender, input) {
  try {
    const result = CHECKS[contender.answer](input)
    return Array.isArray(result) ? { faults: result, note: null } : { faults: [], note: result.note }
  } catch (error) {
    return { faults: [`cannot be checked: ${error.message}`], note: null }
  }
}
