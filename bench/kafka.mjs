#!/usr/bin/env node
import { execFile } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { startKafka } from '../test/support/kafka/server.mjs'
import { Group } from './kafka/group.mjs'
import { answerOf, Instance } from './kafka/instance.mjs'
import { writeLogs } from './kafka/logs.mjs'
import { topFunctions } from './kafka/profile.mjs'
import { takeover } from './kafka/takeover.mjs'
import { measure, median } from './runner/measure.mjs'
import { markdown, megabytes } from './runner/table.mjs'

const HELP = `usage: node bench/kafka.mjs [options]
  --lines N      packed lines (default 2,000,000); of those with a message each there are a quarter
  --rounds N     medians of N rounds (default 3)
  --quick        50,000 packed lines, one round, no takeover: are the answers right? Says nothing about speed
  --takeover     takeovers alone
  --profile      also the functions in which hangup spends its time
  --write        also write the tables to bench/results-kafka.md

Needs a built dist/. A broker of its own is started for it.`

const { values: options } = parseArgs({
  options: {
    lines: { type: 'string', default: '2000000' },
    rounds: { type: 'string', default: '3' },
    quick: { type: 'boolean', default: false },
    takeover: { type: 'boolean', default: false },
    profile: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

const MAIN = path.join(import.meta.dirname, '..', 'dist', 'cli', 'main.js')
const PEER = path.join(import.meta.dirname, 'kafka', 'peer.mjs')
const PARTITIONS = 8
/** How the agent packs lines into messages: as by default, and each one for itself. As much for both would take too long. */
const PACKINGS = [
  { topic: 'packed', title: 'lines packed, as by default', messageSize: '16KiB', share: 1 },
  { topic: 'lines', title: 'one message for each line', messageSize: '0B', share: 1 / 4 },
]
const rounds = options.quick ? 1 : Number(options.rounds)
const execute = promisify(execFile)
const sections = []

if (options.help) process.stdout.write(`${HELP}\n`)
else await run()

async function run() {
  const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'hangup-bench-'))
  const kafka = await startKafka({ c1: false, heapMb: 1_024 })
  try {
    show(`${machine()} Kafka 4.4 of one broker on the same machine.\n`)
    if (!options.takeover) await throughput(kafka, scratch)
    if (!options.quick) await takeovers({ kafka, scratch })
  } finally {
    await kafka.remove()
    fs.rmSync(scratch, { recursive: true, force: true })
  }
  if (options.write) {
    const file = path.join(import.meta.dirname, 'results-kafka.md')
    fs.writeFileSync(file, `# Results: Kafka\n\n${sections.join('\n')}`)
  }
}

async function throughput(kafka, scratch) {
  const topics = await fill(kafka, scratch)
  for (const topic of topics) {
    const input = { kafka, scratch, topic }
    const one = await consumers(input)
    await twoInstances(input, one)
    if (options.profile) await profile(input)
  }
}

/** Ships the logs by our own agent, and knows from the files what the consumers must find. */
async function fill(kafka, scratch) {
  const topics = []
  const rows = []
  for (const packing of PACKINGS) {
    const logs = path.join(scratch, 'logs', packing.topic)
    writeLogs(logs, packing.share * (options.quick ? 50_000 : Number(options.lines)))
    const maxBuffer = 2 ** 26
    const { stdout } = await execute(process.execPath, [MAIN, 'report', '--json', logs], { maxBuffer })
    const { ledger, requests, failures } = JSON.parse(stdout)
    const { lines } = ledger
    tell(`${figure(lines)} lines, ${figure(requests)} requests, ${figure(failures)} failures\n`)
    const agent = await ship({ kafka, scratch, logs, packing })
    fs.rmSync(logs, { recursive: true })
    const group = await Group.connect(kafka.brokers, packing.topic, packing.topic)
    const messages = await group.end()
    await group.close()
    topics.push({ ...packing, lines, messages, requests, failures })
    const speed = thousands(lines / agent.cpuSeconds)
    rows.push([packing.title, figure(lines), figure(messages), speed, agent.wallSeconds.toFixed(1)])
  }
  const header = ['messages', 'lines', 'messages in the topic', 'thousand lines per CPU-second', 'wall s']
  show(markdown('The agent: files to a topic', header, rows))
  return topics
}

async function ship({ kafka, scratch, logs, packing: { topic, messageSize } }) {
  await kafka.createTopic(topic, { partitions: PARTITIONS })
  const pipeline = {
    name: 'agent',
    source: { files: { paths: [logs] } },
    sinks: [{ kafka: { brokers: kafka.brokers, topic, messageSize, compression: 'lz4' } }],
    state: { directory: path.join(scratch, 'agent') },
  }
  const file = path.join(scratch, 'agent.yaml')
  fs.writeFileSync(file, JSON.stringify(pipeline))
  const agent = await measure({ command: [process.execPath, MAIN, 'run', file, '--once'], scratch })
  if (agent.exitCode !== 0) throw new Error(`the agent failed: ${agent.stderr}`)
  return agent
}

/** In turns: each round begins with another one. */
async function consumers(input) {
  const contenders = [
    { name: 'hangup: consume, parse, join, count', ours: true, run: (round) => consume(input, `one-${round}`, 1) },
    { name: 'kafkajs alone', run: () => peer(input, 'bare') },
    { name: 'kafkajs and our parser', run: () => peer(input, 'parse') },
  ]
  const samples = contenders.map(() => [])
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < contenders.length; turn++) {
      const index = (round + turn) % contenders.length
      const sample = await contenders[index].run(round)
      samples[index].push(sample)
      tell(`${contenders[index].name}: ${sample.cpuSeconds.toFixed(2)} CPU s ${sample.fault ?? ''}\n`)
    }
  }
  const medians = samples.map((all) => median(all.map(({ cpuSeconds }) => cpuSeconds)))
  const { lines } = input.topic
  const rows = contenders.map(({ name, ours }, index) => [
    name,
    thousands(lines / medians[index]),
    ours ? '' : `${(medians[0] / medians[index]).toFixed(2)} ×`,
    medians[index].toFixed(2),
    median(samples[index].map(({ wallSeconds }) => wallSeconds)).toFixed(2),
    megabytes(Math.max(...samples[index].map(({ peakBytes }) => peakBytes))),
    judge(samples[index].find(({ fault }) => fault !== null)?.fault ?? null),
  ])
  const header = ['program', 'thousand lines per CPU-second', 'hangup takes', 'CPU s', 'wall s', 'peak MB', 'answer']
  show(markdown(`Consume ${figure(lines)} lines at level info, one instance: ${input.topic.title}`, header, rows))
  return samples[0]
}

async function twoInstances(input, one) {
  const two = []
  for (let round = 0; round < rounds; round++) two.push(await consume(input, `two-${round}`, 2))
  const { lines } = input.topic
  const row = (name, samples) => [
    name,
    ((median(samples.map(({ workSeconds }) => workSeconds)) / lines) * 1e6).toFixed(2),
    median(samples.map(({ cpuSeconds }) => cpuSeconds)).toFixed(2),
    thousands(lines / median(samples.map(({ wallSeconds }) => wallSeconds))),
    judge(samples.find(({ fault }) => fault !== null)?.fault ?? null),
  ]
  const header = ['instances', 'CPU µs per line, without start-up', 'CPU s', 'thousand lines per wall second', 'answer']
  show(markdown(`Two instances share the topic: ${input.topic.title}`, header, [row('1', one), row('2', two)]))
}

/** So many instances in a new group, until all of the topic is committed. */
async function consume({ kafka, scratch, topic }, name, count, nodeOptions = []) {
  const id = `${topic.topic}-${name}`
  const group = await Group.connect(kafka.brokers, topic.topic, id)
  const startMs = performance.now()
  const instances = Array.from(
    { length: count },
    (_, index) =>
      new Instance({
        ...{ name: `${id}-${index}`, scratch, brokers: kafka.brokers, topic: topic.topic, group: id },
        nodeOptions,
      }),
  )
  const startUp = Promise.all(instances.map(({ started }) => started))
  await group.reaches(topic.messages)
  const wallSeconds = (performance.now() - startMs) / 1_000
  const cpu = instances.map((instance) => instance.cpuSeconds())
  const peakBytes = Math.max(...instances.map((instance) => instance.peakBytes()))
  for (const instance of instances) await instance.stop()
  await group.close()
  const cpuSeconds = sum(cpu)
  const answer = answerOf(instances.map(({ output }) => output))
  for (const { output } of instances) fs.rmSync(output)
  const isRight = answer.failures === topic.failures && answer.requests === topic.requests
  const fault = isRight ? null : `${figure(answer.requests)} requests, ${figure(answer.failures)} failures`
  return { cpuSeconds, workSeconds: cpuSeconds - sum(await startUp), wallSeconds, peakBytes, fault }
}

async function peer({ kafka, topic }, mode) {
  const command = [PEER, mode, kafka.brokers.join(','), topic.topic, String(topic.messages)]
  const { stdout } = await execute(process.execPath, command)
  const result = JSON.parse(stdout)
  const isRight = result.messages === topic.messages && (result.lines === null || result.lines === topic.lines)
  return { ...result, fault: isRight ? null : `${result.messages} messages, ${result.lines} lines` }
}

async function profile(input) {
  const directory = path.join(input.scratch, `profile-${input.topic.topic}`)
  await consume(input, 'profile', 1, ['--cpu-prof', `--cpu-prof-dir=${directory}`])
  const rows = topFunctions(directory, 20).map(({ name, share }) => [name, `${(100 * share).toFixed(1)} %`])
  const title = `Where one instance spends its time (main thread, busy time): ${input.topic.title}`
  show(markdown(title, ['function', 'share'], rows))
}

async function takeovers({ kafka, scratch }) {
  const rows = []
  for (const [signal, means] of [
    ['SIGKILL', 'killed, session timeout 10 s'],
    ['SIGTERM', 'stopped'],
  ]) {
    const samples = []
    for (let round = 0; round < rounds; round++) {
      samples.push(await takeover({ kafka, scratch, signal, round }))
      tell(`${signal}: ${JSON.stringify(samples.at(-1))}\n`)
    }
    const seconds = (milliseconds) => (milliseconds / 1_000).toFixed(1)
    const of = (which) => samples.map((sample) => sample[which])
    rows.push([
      means,
      seconds(median(of('storedMs'))),
      seconds(Math.max(...of('storedMs'))),
      seconds(median(of('committedMs'))),
      seconds(Math.max(...of('committedMs'))),
    ])
  }
  const header = [
    'one of two instances is',
    'the other stores its lines after s',
    'longest',
    'and commits after s',
    'longest',
  ]
  show(markdown('Takeover, from the signal on', header, rows))
}

function sum(numbers) {
  return numbers.reduce((total, each) => total + each, 0)
}

function judge(fault) {
  if (fault === null) return 'right'
  process.exitCode = 1
  return `**wrong**: ${fault}`
}

function machine() {
  const [cpu] = os.cpus()
  const figures = options.quick ? 'one quick run: no figures to quote' : `medians of ${rounds}`
  const load = `load average ${os.loadavg()[0].toFixed(1)} at the start`
  return `Node ${process.version}, ${os.cpus().length} × ${cpu?.model ?? 'CPU'}, ${load}, ${figures}.`
}

function figure(number) {
  return Math.round(number).toLocaleString('en')
}

function thousands(number) {
  return figure(number / 1_000)
}

function show(section) {
  sections.push(section)
  process.stdout.write(`${section}\n`)
}

function tell(text) {
  process.stderr.write(text)
}
