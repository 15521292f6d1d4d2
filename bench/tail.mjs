#!/usr/bin/env node
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { topFunctions } from './kafka/profile.mjs'
import { markdown, megabytes } from './runner/table.mjs'
import { Agent } from './tail/agent.mjs'
import { Writer } from './tail/writer.mjs'

const HELP = `usage: node bench/tail.mjs [options]
  --files N      files that are followed (default 500)
  --rate N       lines per second in all (default 20,000)
  --seconds N    how long each part lasts (default 30)
  --idle N       files to which nothing is written, among which new ones are found (default 5,000)
  --quick        20 files, 2,000 lines per second, 5 s: does it work? Says nothing about speed
  --part NAME    following, latency, catch-up or discovery alone
  --profile      also the functions in which hangup spends its time while it follows
  --write        also write the tables to bench/results-tail.md

Needs a built dist/.`

const { values: options } = parseArgs({
  options: {
    files: { type: 'string', default: '500' },
    rate: { type: 'string', default: '20000' },
    idle: { type: 'string', default: '5000' },
    seconds: { type: 'string', default: '30' },
    quick: { type: 'boolean', default: false },
    part: { type: 'string' },
    profile: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

const files = options.quick ? 20 : Number(options.files)
const linesPerSecond = options.quick ? 2_000 : Number(options.rate)
const idleFiles = options.quick ? 50 : Number(options.idle)
const newFiles = options.quick ? 3 : 40
const seconds = options.quick ? 5 : Number(options.seconds)
const sections = []

if (options.help) process.stdout.write(`${HELP}\n`)
else await run()

async function run() {
  const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'hangup-bench-'))
  const [logs, state] = ['logs', 'state'].map((name) => path.join(scratch, name))
  const writer = new Writer(logs, files)
  const [, model] = /model name\s*: (.*)/.exec(fs.readFileSync('/proc/cpuinfo', 'utf8')) ?? []
  const load = os.loadavg()[0].toFixed(0)
  try {
    show(
      `Node ${process.version}, ${os.cpus().length} × ${model}, load average ${load} at the start (other work on the same cores).\n`,
    )
    for (const [name, part] of Object.entries({ following, latency, 'catch-up': catchUp, discovery })) {
      if (options.part === undefined || options.part === name) await part({ writer, logs, state })
    }
  } finally {
    writer.close()
    fs.rmSync(scratch, { recursive: true })
  }
  if (options.write)
    fs.writeFileSync(path.join(import.meta.dirname, 'results-tail.md'), `# Results: tail\n\n${sections.join('\n')}`)
}

/** What following costs, with lines and without. */
async function following({ writer, logs, state }) {
  const profile = path.join(state, 'profile')
  const nodeOptions = options.profile ? ['--cpu-prof', `--cpu-prof-dir=${profile}`] : []
  const agent = new Agent({ logs, state, nodeOptions })
  await agent.url
  await writer.write({ linesPerSecond, seconds: seconds / 3 })
  const rows = []
  for (const rate of [linesPerSecond, 0]) {
    const [startMs, startCpu] = [performance.now(), agent.cpuSeconds()]
    const lines = await writer.write({ linesPerSecond: rate, seconds })
    const wall = (performance.now() - startMs) / 1000
    const cores = (agent.cpuSeconds() - startCpu) / wall
    const figures = [cores.toFixed(2), megabytes(agent.residentBytes()), String(agent.descriptors())]
    rows.push([String(files), Math.round(lines / wall).toLocaleString('en'), ...figures])
  }
  await agent.stop()
  show(markdown('Following', ['files', 'lines per second', 'cores (user and system)', 'MB', 'descriptors'], rows))
  if (options.profile)
    for (const { name, share } of topFunctions(profile, 40)) show(`${(100 * share).toFixed(1)} % ${name}`)
}

/** From the write of a failure to the store's confirmation, while lines flow from which no other document follows. */
async function latency({ writer, logs, state }) {
  const agent = new Agent({ logs, state: `${state}-latency`, set: ['source.tail.start=end'] })
  await agent.url
  const stop = new AbortController()
  const load = writeUntil(stop.signal, () => writer.write({ linesPerSecond, seconds: 1, quiet: true }))
  // What was there before is left out from the first look on.
  await agent.until('hangup_lines_total', 1)
  const written = []
  const stored = []
  const watch = writeUntil(stop.signal, async () => {
    const count = await agent.metric('hangup_stored_documents_total')
    while (stored.length < count) stored.push(performance.now())
    await pause(25)
  })
  const end = performance.now() + seconds * 1000
  while (performance.now() < end) {
    written.push(performance.now())
    writer.fail()
    await pause(37)
  }
  while (stored.length < written.length) await pause(25)
  stop.abort()
  await Promise.all([load, watch])
  const stopSeconds = await agent.stop()
  const took = stored.map((at, index) => at - written[index]).sort((one, other) => one - other)
  const at = (share) => `${Math.round(took[Math.min(took.length - 1, Math.floor(took.length * share))])} ms`
  const rows = [[String(took.length), at(0.5), at(0.99), at(1), `${stopSeconds.toFixed(1)} s`]]
  show(
    markdown(
      'From a written failure to its place in the store',
      ['failures', 'median', 'p99', 'largest', 'a stop takes'],
      rows,
    ),
  )
}

/** What was written while nobody looked, beside what a run to the end of the same files takes. */
async function catchUp({ writer, logs, state }) {
  await writer.write({ linesPerSecond: 20 * linesPerSecond, seconds: seconds / 3 })
  const { size, lines } = countLines(logs)
  const rows = []
  const agent = new Agent({ logs, state: `${state}-catch-up` })
  const startMs = performance.now()
  await agent.url
  await agent.until('hangup_lines_total', lines, 1_000)
  const caughtUp = { cpu: agent.cpuSeconds(), wall: (performance.now() - startMs) / 1000 }
  await agent.stop()
  rows.push(['catches up', ...figures(caughtUp, lines)])
  const batch = new Agent({ logs, state: `${state}-batch`, once: true })
  rows.push(['run --once', ...figures(await batch.usage, lines)])
  const title = `Catching up with ${lines.toLocaleString('en')} lines (${megabytes(size)} MB) in ${files} files`
  show(markdown(title, ['', 'thousand lines per CPU-second', 'CPU s', 'wall s'], rows))
}

/** What it costs to follow files to which nothing is written, and how soon a new one among them is read and stored. */
async function discovery({ logs, state }) {
  const rows = []
  for (const count of [idleFiles / 10, idleFiles]) rows.push(await discover({ logs, state, count }))
  rows.push(await discover({ logs, state, count: idleFiles, closeIdle: '1s' }))
  const costs = ['files', 'closed when idle for', 'cores (user and system)', 'MB', 'descriptors']
  const times = ['a new file is read after: median', 'largest', 'its failure is stored after: median', 'largest']
  show(markdown(`${newFiles} new files among idle ones`, [...costs, ...times], rows))
}

async function discover({ logs, state, count, closeIdle = '5m' }) {
  const name = `idle-${count}-${closeIdle}`
  const directory = `${logs}-${name}`
  const idle = new Writer(directory, count)
  await idle.write({ linesPerSecond: 4 * count, seconds: 1 })
  idle.close()
  const agent = new Agent({ logs: directory, state: `${state}-${name}`, set: [`source.tail.closeIdle=${closeIdle}`] })
  await agent.until('hangup_lines_total', countLines(directory).lines, 500)
  // What was read is stored, and what is to be closed is closed.
  await pause(12_000)
  const [startMs, startCpu] = [performance.now(), agent.cpuSeconds()]
  await pause(seconds * 1000)
  const cores = (agent.cpuSeconds() - startCpu) / ((performance.now() - startMs) / 1000)
  const costs = [cores.toFixed(2), megabytes(agent.residentBytes()), String(agent.descriptors())]
  const [read, stored] = [[], []]
  for (let number = 0; number < newFiles; number++) {
    const lines = await agent.metric('hangup_lines_total')
    const documents = await agent.metric('hangup_stored_documents_total')
    // Not in step with looks that come once a second.
    await pause(300 + 700 * Math.random())
    const writtenMs = performance.now()
    const writer = new Writer(directory, 1, count + number)
    writer.fail()
    writer.close()
    await agent.until('hangup_lines_total', lines + 2, 50)
    read.push(performance.now() - writtenMs)
    await agent.until('hangup_stored_documents_total', documents + 1, 50)
    stored.push(performance.now() - writtenMs)
  }
  await agent.stop()
  const times = [read, stored].flatMap((all) => {
    all.sort((one, other) => one - other)
    return [all[Math.floor(all.length / 2)], all.at(-1)].map((ms) => `${Math.round(ms)} ms`)
  })
  return [count.toLocaleString('en'), closeIdle, ...costs, ...times]
}

function figures({ cpu, wall }, lines) {
  return [Math.round(lines / cpu / 1000).toLocaleString('en'), cpu.toFixed(2), wall.toFixed(2)]
}

function countLines(directory) {
  let [size, lines] = [0, 0]
  for (const name of fs.readdirSync(directory)) {
    const bytes = fs.readFileSync(path.join(directory, name))
    size += bytes.length
    for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) lines++
  }
  return { size, lines }
}

async function writeUntil(signal, work) {
  while (!signal.aborted) await work()
}

function pause(durationMs) {
  return new Promise((resolve) => setTimeout(resolve, durationMs))
}

function show(text) {
  process.stdout.write(`${text}\n`)
  sections.push(text)
}
