#!/usr/bin/env node
/**
 * Reads a topic by kafkajs until it has so many messages, and prints what that cost: `peer.mjs MODE BROKERS TOPIC COUNT`.
 * `bare` looks at nothing; `parse` makes blocks of lines and parses them, as hangup does, and does nothing with them: by
 * kafkajs as hangup sets it up.
 */
import { randomUUID } from 'node:crypto'
import kafkajs from 'kafkajs'
import { decompressFrame } from 'lz4-napi'
import { LineParser } from '../../dist/parse/line-parser.js'
import { registerCodecs } from '../../dist/sources/kafka/codecs.js'
import { batchOf } from '../../dist/sources/kafka/message-batch.js'
import { MessageBlocks } from '../../dist/sources/kafka/messages.js'

const [mode, brokers, topic, count] = process.argv.slice(2)
if (mode === 'parse') registerCodecs()
else {
  const { CompressionCodecs, CompressionTypes } = kafkajs
  CompressionCodecs[CompressionTypes.LZ4] = () => ({ decompress: decompressFrame })
}
const kafka = new kafkajs.Kafka({ brokers: brokers.split(','), logLevel: kafkajs.logLevel.NOTHING })
const consumer = kafka.consumer({ groupId: randomUUID(), maxBytesPerPartition: 1024 * 1024, maxWaitTimeInMs: 500 })
const blocks = new MessageBlocks({ topic })
const nothing = () => {}
const parser = new LineParser(
  { event: nothing, plain: nothing, stats: nothing, continuation: nothing, rejection: nothing },
  {},
)
await consumer.connect()
await consumer.subscribe({ topics: [topic], fromBeginning: true })
const startMs = performance.now()
let read = 0
await new Promise((resolve, reject) => {
  consumer.on('consumer.crash', ({ payload }) => reject(payload.error))
  const eachBatch = async ({ batch, resolveOffset, heartbeat }) => {
    if (mode === 'parse') for (const block of blocks.toBlocks(batchOf(batch))) parser.parse(block)
    read += batch.messages.length
    resolveOffset(batch.lastOffset())
    await heartbeat()
    if (read >= Number(count)) resolve()
  }
  consumer.run({ autoCommit: false, eachBatchAutoResolve: false, eachBatch }).catch(reject)
})
const { user, system } = process.cpuUsage()
const result = {
  messages: read,
  lines: mode === 'parse' ? parser.ledger.lines : null,
  cpuSeconds: (user + system) / 1e6,
  wallSeconds: (performance.now() - startMs) / 1_000,
  peakBytes: process.resourceUsage().maxRSS * 1_024,
}
process.stdout.write(`${JSON.stringify(result)}\n`)
process.exit()
