#!/usr/bin/env node
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { ensureData } from './generator/files.mjs'
import { compete } from './runner/compete.mjs'
import { contenders, INSTALL } from './runner/contenders.mjs'
import { memoryTable, startUpTable } from './runner/extras.mjs'
import { resultTable } from './runner/table.mjs'

const HELP = `usage: node bench/run.mjs [options]
  --jobs P,J,R      P parse all, J join the halves alone, R report (default: all)
  --only NAME       programs whose name contains NAME
  --rounds N        medians of N runs (default 3)
  --quick           100,000 lines, one round: are the answers right? Says nothing about speed
  --large           also the memory of report on a log of about 4.6 GB
  --ours FILE       the built entry file (default dist/cli/main.js)
  --write           also write the tables to bench/results.md
  --install         print the commands that install the peers`

const JOBS = [
  { job: 'P', file: 'info', title: 'P: parse every line to NDJSON, info.log' },
  { job: 'J', file: 'info', title: 'J: join the warn and error lines, info.log' },
  { job: 'J', file: 'pairs', title: 'J: join the warn and error lines, pairs.log (nothing but failures)' },
  { job: 'R', file: 'info', title: 'R: report with everything on, info.log' },
]

const LARGE_SCALE = 10
const MEMORY = '/dev/shm'
const SCRATCH_BYTES = 3 * 2 ** 30
const DATA = path.join(import.meta.dirname, 'data')

const { values: options } = parseArgs({
  options: {
    jobs: { type: 'string', default: 'P,J,R' },
    only: { type: 'string', default: '' },
    rounds: { type: 'string' },
    quick: { type: 'boolean', default: false },
    large: { type: 'boolean', default: false },
    ours: { type: 'string', default: path.join(import.meta.dirname, '..', 'dist', 'cli', 'main.js') },
    write: { type: 'boolean', default: false },
    install: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

if (options.help) process.stdout.write(`${HELP}\n`)
else if (options.install) process.stdout.write(INSTALL)
else await run()

async function run() {
  const scratch = makeScratch()
  const main = path.resolve(options.ours)
  const sections = []
  const show = (section) => {
    sections.push(section)
    process.stdout.write(`${section}\n`)
  }
  try {
    show(machine())
    for (const job of JOBS.filter((each) => options.jobs.split(',').includes(each.job))) {
      const results = await competition(job, main, scratch)
      if (results.length > 0) show(resultTable(job.title, results))
      if (results.some(isOurFault)) process.exitCode = 1
    }
    if (!options.quick && options.only === '' && fs.existsSync(main)) await extras(main, scratch, show)
  } finally {
    fs.rmSync(scratch, { recursive: true, force: true })
  }
  if (options.write)
    fs.writeFileSync(path.join(import.meta.dirname, 'results.md'), `# Results\n\n${sections.join('\n')}`)
}

async function competition({ job, file }, main, scratch) {
  const data = prepare(file, options.quick ? 0.05 : 1)
  const results = []
  for (const contender of contenders(main)) {
    if (contender.job !== job || !contender.name.includes(options.only)) continue
    tell(`${job} on ${path.basename(data.log)}: ${contender.name}\n`)
    const rounds = options.quick ? 1 : Number(options.rounds ?? 3)
    results.push(await compete({ contender, data, truth: data.truthObject, rounds, scratch }))
  }
  return results
}

async function extras(main, scratch, show) {
  const samples = path.join(import.meta.dirname, '..', 'pipelines', 'samples')
  show(startUpTable({ main, samples, scratch }))
  const scales = options.large ? [1, LARGE_SCALE] : [1]
  const files = scales
    .map((scale) => prepare('info', scale))
    .map(({ log, truthObject }) => ({ log, truth: truthObject }))
  show(await memoryTable({ main, files, scratch }))
}

/** Makes the log where it is missing, and brings it into the page cache. */
function prepare(name, scale) {
  const data = ensureData({ directory: DATA, name, scale, tell })
  const block = Buffer.allocUnsafe(4 << 20)
  const input = fs.openSync(data.log, 'r')
  while (fs.readSync(input, block) > 0);
  fs.closeSync(input)
  return { ...data, truthObject: JSON.parse(fs.readFileSync(data.truth, 'utf8')) }
}

/** Outputs go to memory where there is room for them: a disk is not what is measured. */
function makeScratch() {
  fs.mkdirSync(DATA, { recursive: true })
  const parent = freeBytes(MEMORY) > SCRATCH_BYTES ? MEMORY : DATA
  return fs.mkdtempSync(path.join(parent, 'hangup-bench-'))
}

function freeBytes(directory) {
  if (!fs.existsSync(directory)) return 0
  const { bavail, bsize } = fs.statfsSync(directory)
  return bavail * bsize
}

function machine() {
  const [cpu] = os.cpus()
  const gibibytes = Math.round(os.totalmem() / 2 ** 30)
  const rounds = options.quick ? 'one quick run: no figures to quote' : `medians of ${options.rounds ?? 3}`
  return `Node ${process.version}, ${os.cpus().length} × ${cpu?.model ?? 'CPU'}, ${gibibytes} GiB, ${rounds}.\n`
}

function isOurFault({ ours, missing, failed, faults }) {
  return ours && (missing || failed || faults.length > 0)
}

function tell(text) {
  process.stderr.write(text)
}
