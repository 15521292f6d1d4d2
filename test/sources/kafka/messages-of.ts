import type { HeaderValue, KafkaMessage, MessageBatch } from '../../../src/sources/kafka/message.js'
import type { KafkaBlock } from '../../../src/sources/kafka/messages.js'

export interface MessageSketch {
  readonly value?: string | Buffer | object | null
  readonly headers?: Readonly<Record<string, string | Buffer | HeaderValue>>
  readonly offset?: number
  readonly timestampMs?: number
}

export function messageOf({
  value = null,
  headers = {},
  offset = 0,
  timestampMs = 1_000,
}: MessageSketch): KafkaMessage {
  const isJson = typeof value === 'object' && value !== null && !Buffer.isBuffer(value)
  const text = isJson ? JSON.stringify(value) : value
  return {
    offset,
    timestampMs,
    key: null,
    value: typeof text === 'string' ? Buffer.from(text) : (text as Buffer | null),
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, header]) => [
        name,
        typeof header === 'string' ? Buffer.from(header) : header,
      ]),
    ),
  }
}

/** Messages of partition 0, by default with the offsets 0, 1, 2, … */
export function batchOf(sketches: readonly MessageSketch[], partition = 0): MessageBatch {
  const messages = sketches.map((sketch, index) => messageOf({ offset: index, ...sketch }))
  const nextOffset = (messages.at(-1)?.offset ?? -1) + 1
  return { partition, messages, nextOffset, highWatermark: nextOffset }
}

export interface SketchedLine {
  readonly text: string
  readonly offset: number
}

/** Lines of each source, in order, with what its name says. */
export function linesOf(blocks: readonly KafkaBlock[]): Record<string, SketchedLine[]> {
  const lines: Record<string, SketchedLine[]> = {}
  for (const { source, bytes, offsetAt } of blocks) {
    const name = `${source.partition} ${source.path} ${source.gateway}`
    lines[name] ??= []
    let start = 0
    while (start < bytes.length) {
      const newline = bytes.indexOf(0x0a, start)
      if (newline < 0) throw new Error('a line lacks its end')
      lines[name].push({
        text: Buffer.from(bytes.subarray(start, newline)).toString('latin1'),
        offset: offsetAt(start),
      })
      start = newline + 1
    }
  }
  return lines
}
