import fs from 'node:fs'
import path from 'node:path'
import type { Elasticsearch } from '../../../src/sinks/elasticsearch/connection.js'
import { projectDirectory } from '../cli.js'

const MINUTE_MS = 60_000
const TEMPLATES = path.join(projectDirectory, 'mappings', 'elasticsearch')
const KINDS = ['failures', 'traffic', 'frequency', 'shipper'] as const

type Kind = (typeof KINDS)[number]

/** Installs the project's templates under a prefix, with one empty index for each. */
export async function installEmpty(elasticsearch: Elasticsearch, prefix: string): Promise<void> {
  for (const kind of KINDS) {
    const text = fs.readFileSync(path.join(TEMPLATES, `${kind}.json`), 'utf8').replaceAll('{prefix}', prefix)
    await elasticsearch.request({
      method: 'PUT',
      path: `/_index_template/${prefix}-${kind}`,
      body: JSON.parse(text),
    })
    await elasticsearch.request({ method: 'PUT', path: `/${prefix}-${kind}-empty` })
  }
}

/** Removes all that stands under a prefix. */
export async function removeAll(elasticsearch: Elasticsearch, prefix: string): Promise<void> {
  const { body } = await elasticsearch.request<readonly { readonly index: string }[]>({
    method: 'GET',
    path: `/_cat/indices/${prefix}-*`,
    query: { format: 'json' },
  })
  for (const { index } of body) await elasticsearch.request({ method: 'DELETE', path: `/${index}` })
  for (const kind of KINDS) {
    await elasticsearch.request({ method: 'DELETE', path: `/_index_template/${prefix}-${kind}`, answers: [404] })
  }
}

/** Documents with known answers; minutes count from an hour before `nowMs`. */
export async function seed(elasticsearch: Elasticsearch, prefix: string, nowMs: number): Promise<void> {
  const startMs = Math.floor(nowMs / MINUTE_MS) * MINUTE_MS - 60 * MINUTE_MS
  const at = (minute: number): string => new Date(startMs + minute * MINUTE_MS).toISOString()
  const ago = (minutes: number): string => new Date(nowMs - minutes * MINUTE_MS).toISOString()
  await store(elasticsearch, prefix, 'failures', failures(at))
  await store(elasticsearch, prefix, 'traffic', traffic(at))
  await store(elasticsearch, prefix, 'frequency', frequency(at, ago))
  await store(elasticsearch, prefix, 'shipper', shipper(ago))
}

async function store(
  elasticsearch: Elasticsearch,
  prefix: string,
  kind: Kind,
  documents: readonly object[],
): Promise<void> {
  const lines = documents.map((each) => `{"index":{}}\n${JSON.stringify(each)}\n`).join('')
  const { body } = await elasticsearch.request<{ readonly errors: boolean }>({
    method: 'POST',
    path: `/${prefix}-${kind}-seeded/_bulk`,
    query: { refresh: true },
    lines,
  })
  if (body.errors) throw new Error(`not stored: ${JSON.stringify(body)}`)
}

type Clock = (minute: number) => string

/** Eight failures, five of them resets, at three targets; one without target. */
function failures(at: Clock): readonly object[] {
  const flaky = { target: 'flaky.example:8080', proxy: 'pay', gateway: 'gw-1', worker: '1', cause: 'keepalive_race' }
  const slow = { target: 'slow.example:443', proxy: 'orders', gateway: 'gw-2', worker: '2', cause: 'target_timeout' }
  const lost = { target: null, proxy: null, gateway: null, worker: null, cause: 'dns_notfound' }
  const bare = { target: 'bare.example:80', proxy: 'pay', gateway: 'gw-3', worker: '1', cause: 'premature_close' }
  const rows: readonly (readonly [
    number,
    Record<string, string | null>,
    string | null,
    number,
    number | null,
    number,
  ])[] = [
    [10, flaky, 'ECONNRESET', 502, 5012, 3],
    [10, flaky, 'ECONNRESET', 502, 5900, 12],
    [20, flaky, 'ECONNRESET', 502, 6001, 45],
    [30, flaky, 'ECONNRESET', 502, 61_000, 999],
    [10, slow, null, 504, null, 30_000],
    [40, slow, null, 504, null, 61_000],
    [20, lost, 'ENOTFOUND', 502, null, 5],
    [15, bare, 'ECONNRESET', 502, 0, 0],
  ]
  return rows.map(([minute, edgemicro, code, status, idle, elapsed], index) => ({
    '@timestamp': at(minute),
    event: { dataset: 'edgemicro.failure', kind: 'event' },
    http: { request: { id: `id-${index}`, method: 'GET' }, response: { status_code: status } },
    url: { path: '/x' },
    error: { code, message: code === null ? null : 'socket hang up' },
    edgemicro: { ...edgemicro, evidence: { idle_ms: idle, elapsed_ms: elapsed } },
  }))
}

function traffic(at: Clock): readonly object[] {
  const rows: readonly (readonly [number, string, string, number])[] = [
    [10, 'gw-1', 'lines', 200],
    [10, 'gw-1', 'stats', 300],
    [20, 'gw-1', 'lines', 100],
    [30, 'gw-1', 'lines', 100],
    [31, 'gw-1', 'lines', 600],
    [10, 'gw-2', 'stats', 50],
    [40, 'gw-2', 'stats', 50],
    [14, 'gw-3', 'lines', 10],
  ]
  return rows.map(([minute, gateway, basis, requests]) => ({
    '@timestamp': at(minute),
    event: { dataset: 'edgemicro.traffic' },
    edgemicro: { gateway, basis, requests, responses: requests, partition: 'p', target: null, proxy: null },
  }))
}

function frequency(at: Clock, ago: Clock): readonly object[] {
  const flaky = { target: 'flaky.example:8080', proxy: 'pay' }
  const slow = { target: 'slow.example:443', proxy: 'orders' }
  const bare = { target: 'bare.example:80', proxy: 'pay' }
  const rows: readonly (readonly [string, object, number | null, number, number, boolean])[] = [
    [at(10), flaky, 200, 2, 2, true],
    [at(20), flaky, 100, 1, 1, true],
    [at(30), flaky, 100, 1, 1, true],
    [at(31), flaky, 600, 0, 0, true],
    [at(10), slow, 50, 1, 0, true],
    [at(40), slow, 50, 1, 0, true],
    [at(20), { target: null, proxy: null }, 7, 1, 0, true],
    [at(15), bare, null, 1, 1, false],
    [ago(10 * 24 * 60), flaky, 10, 1, 1, true],
  ]
  return rows.map(([timestamp, group, requests, failed, resets, covered]) => ({
    '@timestamp': timestamp,
    event: { dataset: 'edgemicro.frequency' },
    edgemicro: { ...group, requests, failures: failed, resets, covered },
  }))
}

function shipper(ago: Clock): readonly object[] {
  const none = { lines: 0, events: 0, failures: 0, orphans: 0, rejections: 0, evicted: 0, late: 0, refused: 0 }
  const rows: readonly (readonly [number, string, object])[] = [
    [10, 'a1', { lines: 100, failures: 10, orphans: 1, rejections: 2, late: 3, retries: 0, unsent: 50, lag_ms: 9000 }],
    [1, 'a1', { lines: 200, failures: 10, orphans: 1, refused: 1, retries: 2, unsent: 5, lag_ms: 400 }],
    [20, 'a2', { lines: 7, retries: 0, unsent: 0, lag_ms: null }],
  ]
  return rows.map(([minutes, name, counts]) => ({
    '@timestamp': ago(minutes),
    event: { dataset: 'edgemicro.shipper' },
    agent: { type: 'hangup', name, id: name, version: '1' },
    edgemicro: { shipper: { ...none, pipeline: 'edge', ...counts } },
  }))
}
