#!/usr/bin/env node
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { startElasticsearch } from '../test/support/elasticsearch/server.mjs'
import { failuresOf } from './elasticsearch/corpus.mjs'
import { runOnce, runStopped } from './elasticsearch/pipeline.mjs'
import { measureRates } from './elasticsearch/rates.mjs'
import { Store } from './elasticsearch/store.mjs'
import { pushWaits } from './elasticsearch/writers.mjs'
import { ensureData } from './generator/files.mjs'
import { median } from './runner/measure.mjs'
import { markdown, megabytes } from './runner/table.mjs'

const HELP = `usage: node bench/elasticsearch.mjs [options]
  --rounds N      medians of N rounds (default 3)
  --documents N   failures of a round (default 60,000)
  --quick         7,000 failures, one round: does all arrive? Says nothing about speed
  --write         also write the tables to bench/results-elasticsearch.md

Needs a built dist/. A server of its own is started for it, unless HANGUP_TEST_ELASTICSEARCH_URL names one.`

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    documents: { type: 'string', default: '60000' },
    quick: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

const DATA = path.join(import.meta.dirname, 'data')
const PER_SECOND = 5_000
const rounds = options.quick ? 1 : Number(options.rounds)
const sections = []

if (options.help) process.stdout.write(`${HELP}\n`)
else await run()

async function run() {
  const data = ensureData({ directory: DATA, name: 'pairs', scale: options.quick ? 0.05 : 1, tell })
  const given = process.env.HANGUP_TEST_ELASTICSEARCH_URL
  const server = given ? null : await startElasticsearch({ c1: false, heapMb: 1_024 })
  const url = given ?? server.url
  const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'hangup-bench-'))
  const store = await Store.connect(url)
  const input = { store, url, scratch, data, prefix: `hangup-bench-${process.pid}` }
  try {
    show(`${machine()} Elasticsearch ${await store.version()} on the same machine.\n`)
    const documents = await failuresOf(data.log, Number(options.documents))
    await rates({ ...input, documents })
    await pushes({ ...input, documents: documents.slice(0, 3 * PER_SECOND) })
    await pipeline(input)
    await stopped(input)
  } finally {
    await store.close()
    await server?.remove()
    fs.rmSync(scratch, { recursive: true, force: true })
  }
  if (options.write) {
    const file = path.join(import.meta.dirname, 'results-elasticsearch.md')
    fs.writeFileSync(file, `# Results: Elasticsearch\n\n${sections.join('\n')}`)
  }
  // Counts that were put off for a day are never due.
  process.exit()
}

async function rates({ documents, ...input }) {
  const results = await measureRates({ ...input, documents, rounds, tell })
  const isBest = ({ bare, perSecond }) => bare && perSecond === Math.max(...bares.map((each) => each.perSecond))
  const bares = results.filter(({ bare }) => bare)
  const best = bares.find(isBest)
  const bareAgain = results.find(({ name, isAgain }) => isAgain && name.startsWith('bare'))
  const rows = results.map((result) => {
    const floor = result.isAgain ? bareAgain : best
    return [
      result.name,
      figure(result.perSecond),
      result.range.map(figure).join(' … '),
      `${Math.round((100 * result.perSecond) / floor.perSecond)} %`,
      ((result.cpuSeconds / documents.length) * 1e6).toFixed(0),
      judge(result.fault),
    ]
  })
  const header = [
    'writer',
    'documents per second',
    'of all rounds',
    'of the bare loop',
    'our CPU µs per document',
    'answer',
  ]
  const [{ document }] = documents
  show(markdown(`${figure(documents.length)} failures, ${JSON.stringify(document).length} bytes each`, header, rows))
}

async function pushes({ store, url, prefix, documents }) {
  const run = { url, prefix: `${prefix}-push`, documents }
  await store.prepare(run.prefix, ['2026-11-23'])
  const waits = await pushWaits({ ...run, perSecond: PER_SECOND })
  await store.remove(run.prefix)
  const at = (share) => waits[Math.min(waits.length - 1, Math.floor(share * waits.length))].toFixed(2)
  const row = [String(waits.length), at(0.5), at(0.99), at(1)]
  const title = `How long the joiner waits for a push of 500 failures, ${figure(PER_SECOND)} failures a second`
  show(markdown(title, ['pushes', 'median ms', '99 % ms', 'longest ms'], [row]))
}

async function pipeline({ store, url, prefix, data, scratch }) {
  const truth = truthOf(data)
  const samples = []
  for (let round = 0; round < rounds; round++) {
    const name = `${prefix}-run-${round}`
    const result = await runOnce({ url, prefix: name, log: data.log, scratch })
    const [count, counted] = [await store.count(name), await store.counted(name)]
    await store.remove(name)
    const fault =
      result.exitCode !== 0
        ? result.stderr
        : count === truth.failures && counted === count
          ? null
          : `${count} stored, ${counted} counted of ${truth.failures}`
    samples.push({ ...result, count, fault })
    tell(`hangup run --once: ${figure(count / result.wallSeconds)} failures/s ${fault ?? ''}\n`)
  }
  const wall = median(samples.map(({ wallSeconds }) => wallSeconds))
  const [{ count }] = samples
  const row = [
    figure(count),
    figure(truth.lines / wall),
    figure(count / wall),
    median(samples.map(({ cpuSeconds }) => cpuSeconds)).toFixed(2),
    wall.toFixed(2),
    megabytes(Math.max(...samples.map(({ peakBytes }) => peakBytes))),
    judge(samples.find(({ fault }) => fault !== null)?.fault ?? null),
  ]
  const header = ['failures', 'lines per second', 'failures per second', 'our CPU s', 'wall s', 'peak MB', 'answer']
  show(markdown(`hangup run --once, ${path.basename(data.log)}, frequency index and start-up in it`, header, [row]))
}

async function stopped({ store, url, prefix, data, scratch }) {
  const name = `${prefix}-stop`
  const isUnderWay = async () => (await store.count(name)) > 0
  const seconds = options.quick ? 3 : 20
  const { resident, exitCode, errors } = await runStopped({
    url,
    prefix: name,
    log: data.log,
    scratch,
    seconds,
    isUnderWay,
  })
  const count = await store.count(name)
  const expected = truthOf(data).failures
  await store.remove(name)
  const fault = exitCode !== 0 ? errors.slice(-300) : count === expected ? null : `${count} of ${expected}`
  const row = [resident[0], resident.at(Math.floor(resident.length / 2)), resident.at(-1)].map(megabytes)
  const header = [
    'MB after 1 s',
    `after ${Math.ceil(resident.length / 2)} s`,
    `after ${resident.length} s`,
    'answer when it is back',
  ]
  show(markdown('hangup run --once while the server is stopped', header, [[...row, judge(fault)]]))
}

/** What the generator of the log knows. */
function truthOf({ truth }) {
  return JSON.parse(fs.readFileSync(truth, 'utf8'))
}

function judge(fault) {
  if (fault === null) return 'right'
  process.exitCode = 1
  return `**wrong**: ${fault.replaceAll('|', '\\|').replaceAll('\n', ' ')}`
}

function machine() {
  const [cpu] = os.cpus()
  const figures = options.quick ? 'one quick run: no figures to quote' : `medians of ${rounds}`
  return `Node ${process.version}, ${os.cpus().length} × ${cpu?.model ?? 'CPU'}, ${figures}.`
}

function figure(number) {
  return Math.round(number).toLocaleString('en')
}

function show(section) {
  sections.push(section)
  process.stdout.write(`${section}\n`)
}

function tell(text) {
  process.stderr.write(text)
}
