import type { FailureDocument, HalfDocument, IndexDocument, TrafficDocument } from '../../src/records.js'

/** What a test says of a failure; the rest is filled in. `timeMs` is the client half's, the target half is 1 ms before. */
export interface FailureSketch {
  readonly id?: string
  readonly timeMs?: number
  readonly halves?: 'both' | 'target' | 'client'
  readonly target?: string | null
  readonly cause?: FailureDocument['edgemicro']['cause']
  readonly code?: string | null
  readonly message?: string | null
  readonly status?: number | null
  readonly proxy?: string | null
  readonly gateway?: string | null
  readonly worker?: string | null
  readonly org?: string | null
  readonly env?: string | null
  readonly method?: string | null
  readonly path?: string | null
  readonly query?: string
}

/** 2021-06-23T03:52:00.000Z, on the minute. */
export const T0 = Date.UTC(2021, 5, 23, 3, 52)

/** An indexable failure. A single half of it is the part that a reader of that half alone would write. */
export function failure(sketch: FailureSketch = {}): IndexDocument & { readonly kind: 'failure' } {
  const { id = 'f0000000-0000-4000-8000-000000000000', halves = 'both' } = sketch
  const target = halves === 'client' ? [] : [targetHalf(sketch)]
  const client = halves === 'target' ? null : clientHalf(sketch)
  return { kind: 'failure', id, document: documentOf(sketch, id, target, client) }
}

/** An indexable traffic document; absent values get defaults. */
export function traffic(
  sketch: { readonly id?: string; readonly timeMs?: number } & Partial<TrafficDocument['edgemicro']> = {},
): IndexDocument & { readonly kind: 'traffic' } {
  const { id, timeMs = T0, ...fields } = sketch
  const edgemicro = {
    target: '10.0.0.9:8080',
    proxy: 'emg_badtarget',
    org: 'myorg',
    env: 'test',
    gateway: 'gateway-1',
    partition: 'p1',
    requests: 100,
    responses: 98,
    basis: 'lines' as const,
    ...fields,
  }
  const key = id ?? `t:${timeMs}:${Object.values({ ...edgemicro, requests: 0, responses: 0 }).join('|')}`
  return {
    kind: 'traffic',
    id: key,
    document: { '@timestamp': iso(timeMs), event: { dataset: 'edgemicro.traffic' }, edgemicro },
  }
}

/** Simple stand-in for the pipeline's merge: each half's own fields, from whichever document has that half. */
export function mergeFailures(stored: FailureDocument, incoming: FailureDocument): FailureDocument {
  const client = stored.edgemicro.client_half ?? incoming.edgemicro.client_half
  const halves = [...stored.edgemicro.target_halves, ...incoming.edgemicro.target_halves]
  const target = [...new Map(halves.map((half) => [half.role, half])).values()].sort((a, b) =>
    a.role < b.role ? -1 : 1,
  )
  const first = stored.edgemicro.client_half !== null ? stored : incoming
  const other = first === stored ? incoming : stored
  return {
    ...first,
    ...derived(target, client),
    http: { request: first.http.request, response: { status_code: client?.status_code ?? null } },
    server: first.server.address === null ? other.server : first.server,
    edgemicro: {
      ...first.edgemicro,
      ...derivedOurs(target, client),
      target: first.edgemicro.target ?? other.edgemicro.target,
      target_halves: target,
      client_half: client,
    },
  }
}

/** Texts that break stores which splice, escape or count wrongly. */
export const HOSTILE_TEXTS: readonly string[] = [
  `single ' double " back \\ tick \``,
  "'); DROP TABLE failures; --",
  '',
  ' ',
  'null',
  'tab\t return\r newline\n',
  '\u0001\u001b[31m\u007f\u0085\u2028',
  'nul \u0000 within',
  '\u0000',
  'e\u0301 \u{1f600} \u{10ffff} \ufeff \ufffd \uffff',
  '$1 ? :name {"json": "in here"} %s $HOME',
  'x'.repeat(70_000),
]

function documentOf(
  sketch: FailureSketch,
  id: string,
  target: readonly HalfDocument[],
  client: HalfDocument | null,
): FailureDocument {
  const { target: address = '10.0.0.9:8080', method = 'GET', path = '/emg_badtarget/flakey/hangup', query } = sketch
  const known = target.length > 0 ? address : null
  const [, host, port] = /^(.*):(\d+)$/.exec(known ?? '') ?? []
  return {
    ...derived(target, client),
    url: query === undefined ? { path } : { path, query },
    server: { address: host ?? null, port: port === undefined ? null : Number(port) },
    client: { ip: '192.0.2.7' },
    http: { request: { id, method }, response: { status_code: client?.status_code ?? null } },
    edgemicro: {
      ...derivedOurs(target, client),
      target: known,
      proxy: textOr(sketch.proxy, 'emg_badtarget'),
      org: textOr(sketch.org, 'myorg'),
      env: textOr(sketch.env, 'test'),
      gateway: textOr(sketch.gateway, 'gateway-1'),
      worker: textOr(sketch.worker, '3'),
      cause: sketch.cause ?? 'undetermined',
      confidence: 0.9,
      client_key: 'key:0123456789abcdef',
      target_halves: target,
      client_half: client,
    },
  }
}

/** What the halves alone decide, so that merging two documents and building one of both halves agree. */
function derived(target: readonly HalfDocument[], client: HalfDocument | null) {
  const half = client ?? target[0]
  if (half === undefined) throw new Error('a failure has at least one half')
  return {
    '@timestamp': half.timestamp,
    event: {
      kind: 'event',
      category: ['web'],
      type: ['error'],
      outcome: 'failure',
      dataset: 'edgemicro.failure',
      duration: target[0]?.elapsed_ms == null ? null : target[0].elapsed_ms * 1e6,
    },
    error: { code: half.error_code, message: half.error_message },
    log: { level: half.level, file: { path: half.path }, offset: half.offset },
  } as const satisfies Partial<FailureDocument>
}

function derivedOurs(target: readonly HalfDocument[], client: HalfDocument | null) {
  return {
    target_source: target.length > 0 ? 'log' : 'unknown',
    halves: client === null ? 'target' : target.length === 0 ? 'client' : 'both',
    phase: target.length === 0 ? null : 'request',
    evidence: { elapsed_ms: target[0]?.elapsed_ms ?? null, idle_ms: null },
  } as const satisfies Partial<FailureDocument['edgemicro']>
}

function targetHalf(sketch: FailureSketch): HalfDocument {
  return {
    role: 'request_error',
    timestamp: iso((sketch.timeMs ?? T0) - 1),
    level: 'warn',
    host: textOr(sketch.target, '10.0.0.9:8080'),
    status_code: null,
    error_code: textOr(sketch.code, 'ECONNRESET'),
    error_message: textOr(sketch.message, 'socket hang up'),
    elapsed_ms: 395,
    path: 'edgemicro-gateway-1-api.log',
    offset: 1000,
  }
}

function clientHalf(sketch: FailureSketch): HalfDocument {
  return {
    role: 'client',
    timestamp: iso(sketch.timeMs ?? T0),
    level: 'error',
    host: 'api.example.com:8000',
    status_code: sketch.status === undefined ? 502 : sketch.status,
    error_code: textOr(sketch.code, 'ECONNRESET'),
    error_message: textOr(sketch.message, 'socket hang up'),
    elapsed_ms: null,
    path: 'edgemicro-gateway-1-api.log',
    offset: 1200,
  }
}

function textOr(text: string | null | undefined, fallback: string): string | null {
  return text === undefined ? fallback : text
}

function iso(timeMs: number): string {
  return new Date(timeMs).toISOString()
}
