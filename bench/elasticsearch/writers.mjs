import { createRequire } from 'node:module'
import { setTimeout as sleep } from 'node:timers/promises'
import { ours } from './corpus.mjs'

const require = createRequire(import.meta.url)
const { Client } = require('@elastic/elasticsearch')
// The one that Elastic's client uses.
const { Pool } = createRequire(require.resolve('@elastic/transport'))('undici')

const NEVER_MS = 86_400_000

/** What `hangup run` uses where the pipeline file says nothing. */
export const DEFAULTS = { maxBatchBytes: 2 * 2 ** 20, inFlight: 4, lingerMs: 250 }

/*
 * Each writer gets ready and returns the work that is timed.
 */

/** The least that any program must do: JSON, requests of a size, so many of them under way. Nothing is looked at but `errors`. */
export async function writeBare({ url, prefix, documents, bytes, inFlight, exist = false }) {
  const pool = new Pool(url, { connections: inFlight, pipelining: 1 })
  return async () => {
    await sendAll({ pool, prefix, documents, bytes, inFlight, exist })
    await pool.close()
  }
}

async function sendAll({ pool, prefix, documents, bytes, inFlight, exist }) {
  let next = 0
  const work = async () => {
    while (next < documents.length) {
      let body = ''
      for (; next < documents.length && body.length < bytes; next++) {
        const { id, document } = documents[next]
        const index = `${prefix}-failures-${document['@timestamp'].slice(0, 10).replaceAll('-', '.')}`
        body += `{"create":{"_index":"${index}","_id":"${id}"}}\n${JSON.stringify(document)}\n`
      }
      const answer = await pool.request({
        method: 'POST',
        path: '/_bulk?filter_path=errors',
        headers: { 'content-type': 'application/x-ndjson' },
        body,
      })
      const { errors } = await answer.body.json()
      if (errors !== exist) throw new Error('a document was not taken')
    }
  }
  await Promise.all(Array.from({ length: inFlight }, work))
}

/** Elastic's own helper, as its manual shows it. */
export async function writeByHelper({ url, prefix, documents }) {
  const client = new Client({ node: url })
  return async () => {
    const { failed } = await client.helpers.bulk({
      datasource: documents,
      onDocument: ({ id, document }) => {
        const index = `${prefix}-failures-${document['@timestamp'].slice(0, 10).replaceAll('-', '.')}`
        return [{ create: { _index: index, _id: id } }, document]
      },
      flushBytes: DEFAULTS.maxBatchBytes,
      concurrency: DEFAULTS.inFlight,
      retries: 0,
    })
    await client.close()
    if (failed > 0) throw new Error(`${failed} documents were not taken`)
  }
}

/** Our sink behind the delivery, as the pipeline uses it. `recount`: also `<prefix>-frequency`, to its end. */
export async function writeOurs({ url, prefix, documents, recount }) {
  const { sink, delivery } = await openOurs({ url, prefix, frequencyMs: recount ? 10_000 : NEVER_MS })
  return async () => {
    for (let start = 0; start < documents.length; start += PORTION) {
      await delivery.push(documents.slice(start, start + PORTION))
    }
    await delivery.drain()
    if (recount) await delivery.settle({ now: true })
    await sink.close()
  }
}

/** How many milliseconds each `push` waits while documents come slower than the store takes them. */
export async function pushWaits({ url, prefix, documents, perSecond }) {
  const { sink, delivery } = await openOurs({ url, prefix, frequencyMs: NEVER_MS })
  const waits = []
  const beganMs = performance.now()
  for (let start = 0; start < documents.length; start += PORTION) {
    const portion = documents.slice(start, start + PORTION)
    const pushedMs = performance.now()
    await delivery.push(portion)
    waits.push(performance.now() - pushedMs)
    const aheadMs = (start / perSecond) * 1_000 - (performance.now() - beganMs)
    if (aheadMs > 0) await sleep(aheadMs)
  }
  await delivery.drain()
  await sink.close()
  return waits.sort((one, other) => one - other)
}

/** Failures of one block of lines, about. */
const PORTION = 500

async function openOurs({ url, prefix, frequencyMs }) {
  const { openElasticsearchSink } = await ours('sinks/elasticsearch/open.js')
  const { mergeFailureDocuments } = await ours('pipeline/document.js')
  const { Delivery } = await ours('pipeline/delivery.js')
  const sink = await openElasticsearchSink({
    ...DEFAULTS,
    ...{ node: url, timeoutMs: 60_000, prefix, frequencyMs, setup: true, patient: false },
    mergeFailures: mergeFailureDocuments,
    retry: { pause: sleep, random: Math.random, onRetry: (error) => process.stderr.write(`${error.message}\n`) },
    onNotice: () => {},
    onRefused: ({ reason }) => {
      throw new Error(`a document was refused: ${reason}`)
    },
  })
  return { sink, delivery: new Delivery([sink]) }
}
