import type { Kafka } from 'kafkajs'
import { clientHalf, infoLine, targetHalf } from '../../support/lines.js'

const MINUTE = 60_000

/** One line on its way: where it stands in which file, and when it is sent. */
interface Sent {
  readonly partition: number
  readonly file: string
  readonly offset: number
  readonly text: string
  readonly sentMs: number
}

/** How one gateway's log comes into the topic. */
interface LogSketch {
  readonly partition: number
  readonly file: string
  /** First and last minute that it holds. */
  readonly minutes: readonly [number, number]
  /** When a line of this event time is sent, both in milliseconds behind the begin of the log. */
  readonly sentMs: (atMs: number) => number
}

const idOf = (file: string, number: number): string =>
  `${file
    .charCodeAt(file.length - 1)
    .toString(16)
    .padStart(8, '0')}-0000-4000-8000-${String(number).padStart(12, '0')}`

/**
 * A gateway of two workers, the second of which writes twenty seconds late. Requests of one API go to one target, those of
 * another to two in turn, minutes apart: which of them a failure without its target half is of, a part of the evidence
 * would tell wrongly. Halves stand far apart, and over the borders of minutes.
 */
function linesOf({ minutes: [first, last], file }: LogSketch): { atMs: number; text: string }[] {
  const lines: { atMs: number; writtenMs: number; text: string }[] = []
  for (let second = first * 60; second < last * 60; second += 2) {
    const atMs = second * 1_000
    const isSlow = second % 4 === 0
    const pid = isSlow ? '4' : '3'
    const target = Math.floor(second / 420) % 2 === 0 ? '10.0.0.1:80' : '10.0.0.2:80'
    const add = (text: string, delayMs = 0): void => {
      lines.push({ atMs: atMs + delayMs, writtenMs: atMs + delayMs + (isSlow ? 20_000 : 0), text })
    }
    const request = { pid, correlationId: idOf(file, second) }
    if (second % 60 === 58) {
      const failed = { ...request, url: 'v1/pay/1' }
      add(targetHalf({ ...failed, at: atMs }))
      add(clientHalf({ ...failed, at: atMs + 3_000 }), 3_000)
    } else if (second % 90 === 6) {
      // Alone: its target is inferred from what came before, or cannot be.
      add(clientHalf({ ...request, url: second % 180 === 6 ? 'v1/pay/2' : 'v2/flip/3', at: atMs }))
    } else {
      const isFlip = second % 240 === 0
      add(infoLine({ ...request, at: atMs, ...(isFlip ? { url: 'v2/flip/3', host: target } : { url: 'v1/pay/1' }) }))
    }
  }
  // Each worker writes in the order of its time.
  return lines.sort((a, b) => a.writtenMs - b.writtenMs || a.atMs - b.atMs)
}

/** Gateways that are shipped as they write, with a delay, long after, and one that begins in the middle; partition 0 is empty. */
const LOGS: readonly LogSketch[] = [
  { partition: 1, file: 'edgemicro-gw-a', minutes: [0, 50], sentMs: (atMs) => atMs },
  { partition: 1, file: 'edgemicro-gw-b', minutes: [0, 50], sentMs: (atMs) => atMs + 9 * MINUTE },
  { partition: 2, file: 'edgemicro-gw-c', minutes: [0, 40], sentMs: (atMs) => 50 * MINUTE + atMs / 1_000 },
  { partition: 2, file: 'edgemicro-gw-d', minutes: [20, 50], sentMs: (atMs) => atMs },
]

export const BACKFILL_PARTITIONS = 3
/** Event time 0 of the logs, as messages have it. */
export const SENT_T0 = Date.parse('2026-11-20T10:00:00Z')

/** Fills a topic with them, in the order of sending; the number of messages in each partition. */
export async function fillBackfillTopic(kafka: Kafka, topic: string): Promise<readonly number[]> {
  const sent: Sent[] = LOGS.flatMap((log) => {
    let offset = 0
    return linesOf(log).map(({ atMs, text }) => {
      const line = { ...log, offset, text, sentMs: log.sentMs(atMs) }
      offset += text.length + 1
      return line
    })
  })
  // A file's lines keep their order, though the late worker's were to be sent a little before.
  const reached = new Map<string, number>()
  const inOrder = sent.map((line) => {
    const sentMs = Math.max(line.sentMs, reached.get(line.file) ?? 0)
    reached.set(line.file, sentMs)
    return { ...line, sentMs }
  })
  inOrder.sort((a, b) => a.sentMs - b.sentMs)
  const producer = kafka.producer()
  await producer.connect()
  const counts: number[] = []
  for (let partition = 0; partition < BACKFILL_PARTITIONS; partition++) {
    const messages = inOrder
      .filter((line) => line.partition === partition)
      .map(({ file, text, offset, sentMs }) => ({
        partition,
        value: text,
        timestamp: String(SENT_T0 + Math.round(sentMs)),
        headers: { 'hangup-path': `/var/tmp/${file}-1-api.log`, 'hangup-offset': String(offset) },
      }))
    for (let at = 0; at < messages.length; at += 500) {
      await producer.send({ topic, messages: messages.slice(at, at + 500) })
    }
    counts.push(messages.length)
  }
  await producer.disconnect()
  return counts
}

/** In each of two partitions. */
export const LONG_MESSAGES = 120_000

/** Fills a topic with so much that reading it takes a while: one gateway in each partition, twenty lines a second. */
export async function fillLongTopic(kafka: Kafka, topic: string): Promise<void> {
  const producer = kafka.producer()
  await producer.connect()
  for (const partition of [0, 1]) {
    const headers = { 'hangup-path': `/var/tmp/edgemicro-long-${partition}-1-api.log` }
    for (let first = 0; first < LONG_MESSAGES; first += 2_000) {
      const messages = Array.from({ length: 2_000 }, (_, index) => {
        const number = first + index
        const sketch = { at: number * 50, correlationId: idOf(`${partition}`, number) }
        return { partition, headers, value: number % 400 === 0 ? clientHalf(sketch) : infoLine(sketch) }
      })
      await producer.send({ topic, messages })
    }
  }
  await producer.disconnect()
}
