import type { Failure, Half, HalfRole, RequestFacts } from '../../src/records.js'
import { T0 } from './documents.js'
import { CORRELATION_ID } from './lines.js'

/** What a test says of a half; the rest is filled in. `at` is in milliseconds behind `T0`. */
export type HalfSketch = Partial<Omit<Half, 'role' | 'timeMs'>> & { readonly at?: number }

export function half(role: HalfRole, { at = 0, ...fields }: HalfSketch = {}): Half {
  const isClient = role === 'client'
  return {
    role,
    timeMs: T0 + at,
    level: 'error',
    host: isClient ? 'api.acme.example:8000' : '10.0.0.9:8080',
    status: isClient ? 502 : null,
    errorMessage: 'socket hang up',
    errorCode: 'ECONNRESET',
    elapsedMs: isClient ? null : 395,
    connection: null,
    position: { source: 'edgemicro-gw-1-api.log', offset: 0 },
    ...fields,
  }
}

export const facts = (sketch: Partial<RequestFacts> = {}): RequestFacts => ({
  correlationId: CORRELATION_ID,
  org: 'acme-eval',
  env: 'test',
  method: 'GET',
  path: '/v2/orders/94976/detail',
  query: null,
  clientIp: '127.0.0.22',
  clientKey: 'key:0123456789abcdef',
  worker: '3',
  gateway: 'gw',
  proxy: 'v2/orders',
  ...sketch,
})

/** A failure of the given halves; by default without any. */
export const failureOf = (sketch: Partial<Failure> = {}): Failure => ({
  id: CORRELATION_ID,
  request: facts(),
  target: [],
  client: null,
  clientAbortedAfterMs: null,
  ...sketch,
})
