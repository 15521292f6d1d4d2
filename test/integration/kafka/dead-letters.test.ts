import { createHash } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import type { DeadLetter } from '../../../src/records.js'
import { REDACT_ALL, Redactor } from '../../../src/redact/redactor.js'
import { LetterTopic } from '../../../src/sinks/dead-letters/letter-topic.js'
import { isTooLarge } from '../../../src/sources/kafka/faults.js'
import { readTopic } from '../../../src/sources/kafka/topic-reader.js'
import { describeDeadLetterSink, refused, rejected } from '../../contract/dead-letter-contract.js'
import { readStore } from '../../fault/store.js'
import { finished, Sandbox, told } from '../../support/cli.js'
import { HOSTILE_TEXTS } from '../../support/documents.js'
import { type KafkaServer, startKafka } from '../../support/kafka/server.mjs'
import { clientHalf, infoLine, targetHalf } from '../../support/lines.js'
import { connectionTo, openProducer, Topics, until } from './support.js'

const sandbox = new Sandbox()
const running = new Set<ReturnType<Sandbox['start']>>()
let server: KafkaServer
let topics: Topics

beforeAll(async () => {
  server = await startKafka()
  topics = new Topics(server.brokers)
  await topics.admin.connect()
})

afterEach(() => {
  for (const child of running) child.kill('SIGKILL')
  running.clear()
})

afterAll(async () => {
  await topics?.admin.disconnect()
  await server?.remove()
  sandbox.remove()
})

interface KeptLetter {
  readonly letter: DeadLetter
  readonly partition: number
  readonly key: string
  readonly headers: Readonly<Record<string, string>>
}

/** All that lies in a topic of letters. */
async function keptIn(topic: string): Promise<readonly KeptLetter[]> {
  const reading = readTopic({ ...connectionTo(server.brokers), topic, from: 'beginning', onProblem: () => {} })
  const kept: KeptLetter[] = []
  for await (const { partition, messages } of reading.read(new AbortController().signal)) {
    for (const { key, value, headers } of messages) {
      const texts = Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, String(text)]))
      kept.push({ letter: JSON.parse(String(value)), partition, key: String(key), headers: texts })
    }
  }
  return kept
}

const lettersIn = async (topic: string): Promise<DeadLetter[]> => (await keptIn(topic)).map(({ letter }) => letter)

const openTopic = (topic: string): LetterTopic =>
  new LetterTopic({ producer: openProducer(server.brokers, topic, { compression: 'lz4' }), isTooLarge })

describeDeadLetterSink('a topic', async () => {
  const topic = await topics.make(3)
  return { open: () => openTopic(topic), kept: () => lettersIn(topic), remove: async () => {} }
})

describe('a topic of letters', () => {
  test('that takes small messages gets letters cut, and the others as they are', async () => {
    const topic = await topics.make(2, { config: { 'max.message.bytes': '8000' } })
    const sink = openTopic(topic)
    // Random text, for what repeats itself is packed to next to nothing.
    const noise = Array.from({ length: 700 }, (_, index) => createHash('sha256').update(`${index}`).digest('hex')).join(
      '',
    )
    const small = Array.from({ length: 60 }, (_, index) => rejected(`${index} ${noise.slice(index, index + 400)}`))
    await sink.write([...small, rejected(noise, '/logs/long.log'), refused(), rejected('last')])
    await sink.close()
    const kept = await lettersIn(topic)
    const cut = kept.filter(({ position }) => position?.source === '/logs/long.log')
    expect(cut).toEqual([{ ...rejected(noise, '/logs/long.log'), text: expect.any(String), cut: true }])
    expect(noise.startsWith(cut[0].kind === 'rejected' ? cut[0].text : '?')).toBe(true)
    for (const letter of [...small, rejected('last'), refused()]) expect(kept).toContainEqual(letter)
  })

  test('whose brokers are away takes the letters when they are back', async () => {
    const topic = await topics.make(2)
    const sink = openTopic(topic)
    await sink.write([rejected('before')])
    await server.kill()
    let isKept = false
    const letters = Array.from({ length: 3_000 }, (_, index) => rejected(`line ${index}`, `/logs/${index % 5}.log`))
    const writing = sink.write(letters).then(() => {
      isKept = true
    })
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    expect(isKept).toBe(false)
    await server.restart()
    await writing
    await sink.close()
    const texts = new Set((await lettersIn(topic)).map((letter) => letter.kind === 'rejected' && letter.text))
    for (const letter of [rejected('before'), ...letters]) {
      expect(texts.has(letter.kind === 'rejected' && letter.text)).toBe(true)
    }
  })
})

/** A pipeline from a topic, or from a log, to a store of its own; its letters go to a topic. */
async function pipelineOf(name: string, source: string) {
  const letters = await topics.make(2)
  const state = sandbox.path(name, 'state')
  const store = sandbox.path(name, 'store.duckdb')
  const brokers = JSON.stringify(server.brokers)
  fs.mkdirSync(state, { recursive: true })
  const file = sandbox.write(
    `${name}/pipeline.yaml`,
    `name: ${name}
source: ${source}
sinks: [{ duckdb: { path: "${store}" } }]
state: { directory: "${state}" }
deadLetters: { kafka: { brokers: ${brokers}, topic: ${letters} } }
`,
  )
  return { file, store, state, letters, checkpoint: path.join(state, `${name}.checkpoint`) }
}

const kafkaSource = (topic: string): string =>
  `{ kafka: { brokers: ${JSON.stringify(server.brokers)}, topic: ${topic}, group: group-${topic} } }`

function start(file: string) {
  const commandLine = ['run', file]
  const child = sandbox.start(commandLine)
  running.add(child)
  return { child, ended: finished(child, commandLine, 120_000).finally(() => running.delete(child)) }
}

const run = (commandLine: readonly string[], stdin = '') => sandbox.hangup(commandLine, { stdin, timeoutMs: 120_000 })

describe('a pipeline', () => {
  test('sends what is poison to the topic, with the exact message that brought it', async () => {
    const raw = await topics.make(3)
    const { file, letters, store } = await pipelineOf('poison', kafkaSource(raw))
    const producer = openProducer(server.brokers, raw)
    const headers = (offset: number) => ({
      'hangup-path': '/logs/edgemicro-gw-1-1-api.log',
      'hangup-offset': String(offset),
    })
    const packed = `${infoLine()}\n2021-06-23T03:52:24.500Z [loud][a][3]`
    const packedHeaders = { ...headers(760), 'hangup-pieces': `${infoLine().length + 1},-20` }
    const hostile = HOSTILE_TEXTS.filter((text) => text.length > 0 && text.length < 1_000 && !text.includes('\n'))
    await producer.send(0, [
      { value: Buffer.from('poison') },
      { value: Buffer.from('poison x-api-key: sk-Secret12345') },
      { value: Buffer.from(infoLine()) },
    ])
    await producer.send(1, [
      { value: Buffer.from(targetHalf()), headers: headers(0) },
      { value: Buffer.from('2021-06-23T03:52:24.110Z [loud][a][3]'), headers: headers(700) },
      { value: Buffer.from(`${packed}\n${clientHalf({ at: 3 })}`), headers: packedHeaders },
      { value: Buffer.from(`2021-06-23T03:52:25.110Z [loud][${'y'.repeat(100_000)}`), headers: headers(1_000) },
    ])
    await producer.send(
      2,
      hostile.map((text) => ({ value: Buffer.from(text) })),
    )
    await producer.close()

    const following = start(file)
    await until('the letters are there', async () => (await lettersIn(letters)).length >= 3 + hostile.length - 2)
    await until('the group has stored everything', async () => {
      const committed = await topics.committed(`group-${raw}`, raw)
      return committed.map(([offset]) => Number(offset)).join() === `3,4,${hostile.length}`
    })
    following.child.kill('SIGTERM')
    expect(await following.ended).toMatchObject({ code: 143 })

    const kept = await keptIn(letters)
    for (const { letter, headers, key } of kept) {
      expect(letter.kind).toBe('rejected')
      expect(headers).toEqual({ kind: 'rejected', reason: letter.reason })
      expect(key.endsWith(`:${letter.position?.source}`)).toBe(true)
    }
    expect(JSON.stringify(kept)).not.toContain('Secret12345')
    const places = kept.map(({ letter }) => letter.position)
    expect(places).toContainEqual({ source: `${raw}/0`, offset: 1, kafka: { topic: raw, partition: 0, offset: 1 } })
    const inFile = { source: '/logs/edgemicro-gw-1-1-api.log' }
    expect(places).toContainEqual({ ...inFile, offset: 700, kafka: { topic: raw, partition: 1, offset: 1 } })
    expect(places).toContainEqual({ ...inFile, offset: 1_000, kafka: { topic: raw, partition: 1, offset: 3 } })
    const inPacked = 760 + infoLine().length + 1 - 20
    expect(places).toContainEqual({ ...inFile, offset: inPacked, kafka: { topic: raw, partition: 1, offset: 2 } })
    const [one] = kept.filter(({ letter }) => letter.position?.offset === inPacked)
    expect(one.letter).toMatchObject({ text: expect.stringMatching(/^2021-06-23T03:52:24\.500Z [^\n]+$/) })
    expect(new Set(places.map((place) => JSON.stringify(place))).size).toBe(places.length)
    const long = kept.find(({ letter }) => letter.position?.offset === 1_000)
    expect(long?.letter).toMatchObject({ cut: true })
    expect((await readStore(store)).failures).toMatchObject([{ halves: 'both' }])

    const listed = await run(['dead-letters', '--pipeline', file, '--limit', '100'])
    expect(listed.code).toBe(0)
    expect(listed.stdout).toContain(`${raw}/1@1 `)
    expect(listed.stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029]/)
    const checked = await run(['check', '--connect', file])
    expect(checked.stderr).toContain(`dead letters: topic ${letters}, 2 partitions, ${kept.length} messages`)
    expect(await groups()).toEqual([])
  })

  test('whose letters have nowhere to go is found bad by check, and told where it runs', async () => {
    const { file, letters } = await pipelineOf('nowhere', '{ stdin: {} }')
    fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replace(letters, 'no-such-topic'))
    const checked = await run(['check', '--connect', file])
    expect(checked).toMatchObject({ code: 3, stderr: expect.stringContaining('no such topic: no-such-topic') })
    expect(await run(['run', '--once', file], `${clientHalf()}\n`)).toMatchObject({ code: 0 })
    const told = await run(['run', '--once', file], 'poison\n')
    expect(told.code).not.toBe(0)
    expect(told.stderr).toMatch(/^hangup: .*no-such-topic/m)
  })

  test('moves no position past letters that brokers have not taken, and sends them when they are back', async () => {
    const logs = sandbox.path('away', 'logs')
    fs.mkdirSync(logs, { recursive: true })
    const log = path.join(logs, 'edgemicro-gw-1-1-api.log')
    const { file, letters, checkpoint } = await pipelineOf('away', `{ tail: { paths: ["${logs}"] } }`)
    const storedThrough = (): number =>
      fs.existsSync(checkpoint) ? (JSON.parse(fs.readFileSync(checkpoint, 'utf8')).files[0]?.storedThrough ?? 0) : 0
    fs.writeFileSync(log, 'first poison\n')
    const first = start(file)
    await until('the first one is there', async () => (await lettersIn(letters)).length > 0)
    const tried = told(first.child, /(cannot write)/)
    await server.kill()
    const before = storedThrough()
    fs.appendFileSync(log, 'second poison\n')
    await tried
    expect(storedThrough()).toBeLessThan(fs.statSync(log).size)
    expect(storedThrough()).toBeGreaterThanOrEqual(before)
    first.child.kill('SIGTERM')
    const stopped = await first.ended
    expect(stopped.stderr).toContain('cannot write')
    expect(storedThrough()).toBeLessThan(fs.statSync(log).size)

    await server.restart()
    const second = start(file)
    const texts = async () => (await lettersIn(letters)).map((letter) => letter.kind === 'rejected' && letter.text)
    await until('the second one is there', async () => (await texts()).includes('second poison'))
    second.child.kill('SIGTERM')
    expect(await second.ended).toMatchObject({ code: 143 })
    await until('the position has moved', () => storedThrough() === fs.statSync(log).size)
    expect(new Set(await texts())).toEqual(new Set(['first poison', 'second poison']))
  })
})

test('letters of a topic are replayed into the store, twice as once, and those that remain are told', async () => {
  const { file, store, letters } = await pipelineOf('replayed', '{ stdin: {} }')
  const redactor = new Redactor(REDACT_ALL, new Uint8Array(32))
  const id = (number: number): string => `00000000-0000-4000-8000-00000000000${number}`
  const line = `${targetHalf({ correlationId: id(1) })}\n`
  expect(await run(['run', '--once', file], line)).toMatchObject({ code: 0 })
  const sink = openTopic(letters)
  const lost = clientHalf({ at: 2, correlationId: id(1) })
  await sink.write([rejected(redactor.rejected(lost), '/logs/a.log', 700), rejected('poison'), refused()])
  await sink.write([rejected(redactor.rejected(lost), '/logs/a.log', 700)])
  await sink.close()
  const producer = openProducer(server.brokers, letters)
  await producer.send(0, [{ value: Buffer.from('{"somebody":"else"}') }, { value: Buffer.from('\u001b[2Jno JSON') }])
  await producer.close()

  const left = sandbox.path('replayed', 'left.ndjson')
  const replayed = await run(['dead-letters', 'replay', file, '--remaining', left])
  expect(replayed.code).toBe(3)
  expect(replayed.stderr).toContain(`topic ${letters}: 2 of its messages are no dead letters; they were passed over`)
  expect(replayed.stderr).toContain('4 letters: 2 done, 2 remain')
  expect(replayed.stderr).toContain('1 remains: the pipeline has no sink that takes it')
  const after = await readStore(store)
  expect(after.failures).toMatchObject([{ id: id(1), halves: 'both', target: '10.0.0.9:8080', status_code: '502' }])
  expect(
    fs
      .readFileSync(left, 'utf8')
      .trimEnd()
      .split('\n')
      .map((text) => JSON.parse(text).kind)
      .sort(),
  ).toEqual(['refused', 'rejected'])
  await run(['dead-letters', 'replay', file])
  expect(await readStore(store)).toEqual(after)
  expect(await groups()).toEqual([])
})

/** Groups that a reading of letters would have left behind. */
async function groups(): Promise<readonly string[]> {
  const { groups } = await topics.admin.listGroups()
  return groups.map(({ groupId }) => groupId).filter((groupId) => groupId.includes('-read-'))
}
