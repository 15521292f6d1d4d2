#!/usr/bin/env node
import fs from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { markdown } from './runner/table.mjs'
import { readRun, runsBelow } from './why/read-run.mjs'
import { compare, confusion, reliability, scores } from './why/score.mjs'

const HELP = `usage: node bench/why.mjs [options] [RUN...]
  --write         also write the tables to bench/why.md
  --errors        also list each wrong or missing verdict

RUN is a folder with a gateway's log and a truth.json, or holds such folders; else HANGUP_CORPUS names it, and where that is
not set, test/fixtures/corpus is read. Needs a built dist/.`

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    write: { type: 'boolean', default: false },
    errors: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

const LEVELS = { warn: 'warn and error only', error: 'warn and error only' }

async function run() {
  const fixtures = path.join(import.meta.dirname, '..', 'test', 'fixtures', 'corpus')
  const given = positionals.length > 0 ? positionals : [process.env.HANGUP_CORPUS ?? fixtures]
  const runs = []
  for (const directory of given.flatMap(runsBelow)) {
    const read = await readRun(directory)
    runs.push({ ...read, level: LEVELS[read.truth.gateway.level] ?? 'info and finer', rows: compare(read) })
    if (options.errors) tellErrors(runs.at(-1))
  }
  const text = [
    `# Why: verdicts beside the truth\n\n${runs.length} runs, ${new Date().toISOString().slice(0, 10)}; of failures that the log tells of. README.md says what was counted.\n`,
    ...levels(runs),
    timeouts(runs),
    reliabilityTable(runs.flatMap(({ rows }) => rows)),
    ...runs.filter(({ rows }) => rows.length > 0).map(({ name, rows }) => matrix(name, rows)),
  ].join('\n')
  process.stdout.write(text)
  if (options.write) fs.writeFileSync(path.join(import.meta.dirname, 'why.md'), text)
}

function levels(runs) {
  return [...new Set(runs.map(({ level }) => level))].sort().flatMap((level) => {
    const rows = runs.filter((each) => each.level === level).flatMap((each) => each.rows)
    return [scoreTable(`Causes, level ${level}`, rows), matrix(`All runs, level ${level}`, rows)]
  })
}

function scoreTable(title, rows) {
  return markdown(
    title,
    ['cause', 'happened', 'said', 'precision', 'recall'],
    scores(rows).map(({ cause, happened, said, right }) => [
      ...[cause, String(happened), String(said)],
      ...[share(right, said), share(right, happened)],
    ]),
  )
}

function matrix(title, rows) {
  const counts = confusion(rows)
  const causes = [...new Set(rows.map(({ cause }) => cause))].sort()
  return markdown(
    title,
    ['truth', ...causes],
    [...counts].sort().map(([truth, byCause]) => [truth, ...causes.map((cause) => String(byCause.get(cause) ?? ''))]),
  )
}

function timeouts(runs) {
  const rows = runs.flatMap(({ name, truth, rows: verdicts, estimates }) =>
    (truth.targets ?? []).flatMap(({ hostport, keepalive_idle_timeout_ms: trueMs }) => {
      const races = verdicts.filter((row) => isRaceOf(hostport, row)).length
      const estimate = estimates.get(hostport)
      if (races === 0 && estimate?.state !== 'estimated') return []
      return [[name, hostport, String(races), seconds(trueMs), ...estimated(estimate, trueMs)]]
    }),
  )
  return markdown('Idle timeouts', ['run', 'target', 'races', 'truth s', 'estimate s', 'interval', 'error'], rows)
}

function isRaceOf(target, { happened, document }) {
  return happened === 'keepalive_race' && document.edgemicro.target === target
}

function estimated(estimate, trueMs) {
  if (estimate?.state !== 'estimated') return ['insufficient', '', '']
  const { timeoutMs, lowMs, highMs } = estimate
  const error = trueMs > 0 ? `${(((timeoutMs - trueMs) / trueMs) * 100).toFixed(1)} %` : 'there is none'
  return [seconds(timeoutMs), `${seconds(lowMs)}–${seconds(highMs)}`, error]
}

function reliabilityTable(rows) {
  return markdown(
    'Confidence of verdicts',
    ['confidence from', 'verdicts', 'mean confidence', 'share right'],
    reliability(rows).map(({ from, count, mean, right }) => [
      ...[from.toFixed(2), String(count), mean.toFixed(3)],
      share(right, count),
    ]),
  )
}

function tellErrors({ name, rows }) {
  for (const { right, happened, variant, cause, confidence, document } of rows) {
    if (right) continue
    const { http, error, edgemicro } = document
    const said = `${happened} (${variant ?? '-'}) said to be ${cause} (${confidence})`
    const facts = [http.response.status_code, error.message, edgemicro.halves, JSON.stringify(edgemicro.evidence)]
    process.stderr.write(`${name} ${http.request.id}: ${said}: ${facts.join(' ')}\n`)
  }
}

function share(part, all) {
  return all === 0 ? '–' : (part / all).toFixed(3)
}

function seconds(milliseconds) {
  return milliseconds > 0 ? (milliseconds / 1000).toFixed(2) : 'none'
}

if (options.help) process.stdout.write(`${HELP}\n`)
else await run()
