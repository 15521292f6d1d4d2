import { describe, expect, test } from '@jest/globals'
import {
  digest,
  mergeFailureDocuments,
  toFailureDocument,
  toTrafficDocument,
  UNKNOWN_TARGET,
} from '../../src/pipeline/document.js'
import type { Failure, Half, HalfRole, RequestFacts } from '../../src/records.js'
import { T0 } from '../support/documents.js'
import { CORRELATION_ID } from '../support/lines.js'

const REQUEST: RequestFacts = {
  correlationId: CORRELATION_ID,
  org: 'acme-eval',
  env: 'test',
  method: 'GET',
  path: '/v2/orders/94976',
  query: null,
  clientIp: '192.0.2.7',
  clientKey: 'key:0123456789abcdef',
  worker: '3',
  gateway: 'gw',
  proxy: 'v2/orders',
}

function half(role: HalfRole, fields: Partial<Half> = {}): Half {
  const isClient = role === 'client'
  return {
    role,
    timeMs: T0 + (isClient ? 3 : 1),
    level: 'error',
    host: isClient ? 'api.acme.example:8000' : '10.0.0.9:8080',
    status: isClient ? 502 : null,
    errorMessage: 'socket hang up',
    errorCode: 'ECONNRESET',
    elapsedMs: isClient ? null : 395,
    connection: null,
    position: { source: '/log/edgemicro-gw-1-api.log', offset: isClient ? 200 : 100 },
    ...fields,
  }
}

const failureOf = (target: readonly Half[], client: Half | null, more: Partial<Failure> = {}): Failure => ({
  id: CORRELATION_ID,
  request: REQUEST,
  target,
  client,
  clientAbortedAfterMs: null,
  ...more,
})

const whole = failureOf([half('request_error')], half('client'))

describe('the failure document', () => {
  test('holds what both halves say, in the fields of the contract', () => {
    expect(toFailureDocument(whole, UNKNOWN_TARGET)).toMatchObject({
      '@timestamp': '2021-06-23T03:52:00.003Z',
      event: { outcome: 'failure', dataset: 'edgemicro.failure', duration: 395_000_000 },
      http: { request: { id: CORRELATION_ID, method: 'GET' }, response: { status_code: 502 } },
      url: { path: '/v2/orders/94976' },
      error: { code: 'ECONNRESET', message: 'socket hang up' },
      server: { address: '10.0.0.9', port: 8080 },
      client: { ip: '192.0.2.7' },
      edgemicro: {
        target: '10.0.0.9:8080',
        target_source: 'log',
        proxy: 'v2/orders',
        gateway: 'gw',
        worker: '3',
        halves: 'both',
        phase: 'request',
        client_key: 'key:0123456789abcdef',
      },
      log: { level: 'error', file: { path: '/log/edgemicro-gw-1-api.log' }, offset: 200 },
    })
  })

  test('says what the client got, where the target half says something else', () => {
    const timeout = failureOf(
      [half('request_error')],
      half('client', { status: 504, errorCode: null, errorMessage: 'timeout' }),
    )
    expect(toFailureDocument(timeout, UNKNOWN_TARGET)).toMatchObject({
      http: { response: { status_code: 504 } },
      error: { code: null, message: 'timeout' },
      edgemicro: { cause: 'target_timeout' },
    })
  })

  test('takes its time from the target half where there is no other', () => {
    expect(toFailureDocument(failureOf([half('response_aborted')], null), UNKNOWN_TARGET)).toMatchObject({
      '@timestamp': '2021-06-23T03:52:00.001Z',
      http: { response: { status_code: null } },
      edgemicro: { halves: 'target', phase: 'response' },
      log: { offset: 100 },
    })
  })

  test.each([
    ['inferred', { target: '10.0.0.7:80', source: 'inferred' }, { address: '10.0.0.7', port: 80 }],
    ['unknown', UNKNOWN_TARGET, { address: null, port: null }],
  ] as const)('marks a target as %s where its half is missing', (source, inferred, server) => {
    const document = toFailureDocument(failureOf([], half('client')), inferred)
    expect(document).toMatchObject({ server, edgemicro: { target_source: source, halves: 'client' } })
  })

  test('prefers the target of the log to an inferred one', () => {
    const document = toFailureDocument(whole, { target: '10.0.0.7:80', source: 'inferred' })
    expect(document.edgemicro).toMatchObject({ target: '10.0.0.9:8080', target_source: 'log' })
  })

  test.each([
    ['[2001:db8::1]:443', '2001:db8::1', 443],
    ['backend.example:8080', 'backend.example', 8080],
    ['backend.example', 'backend.example', null],
  ])('splits the target %s into address and port', (host, address, port) => {
    const document = toFailureDocument(failureOf([half('request_error', { host })], null), UNKNOWN_TARGET)
    expect(document.server).toEqual({ address, port })
  })
})

describe('documents of one failure that come in parts', () => {
  const halves = [half('request_error'), half('response_error', { timeMs: T0 + 2 }), half('client')]
  const partOf = (chosen: readonly Half[]): Failure =>
    failureOf(
      chosen.filter(({ role }) => role !== 'client'),
      chosen.find(({ role }) => role === 'client') ?? null,
      { clientAbortedAfterMs: chosen.length === 2 ? 1200 : null },
    )
  const subsets = [1, 2, 3, 4, 5, 6, 7].map((bits) => halves.filter((_, index) => bits & (1 << index)))
  const documentOf = (chosen: readonly Half[]) => toFailureDocument(partOf(chosen), UNKNOWN_TARGET)

  test('merge into what one document of all halves says, in either order', () => {
    for (const left of subsets) {
      for (const right of subsets) {
        const all = halves.filter((each) => left.includes(each) || right.includes(each))
        const aborted = left.length === 2 || right.length === 2 ? 1200 : null
        const expected = toFailureDocument({ ...partOf(all), clientAbortedAfterMs: aborted }, UNKNOWN_TARGET)
        expect(mergeFailureDocuments(documentOf(left), documentOf(right))).toEqual(expected)
        expect(mergeFailureDocuments(documentOf(right), documentOf(left))).toEqual(expected)
      }
    }
  })

  test('do not change when they come again', () => {
    for (const chosen of subsets) {
      expect(mergeFailureDocuments(documentOf(chosen), documentOf(chosen))).toEqual(documentOf(chosen))
    }
  })

  test('lose an inferred target to the one of the log', () => {
    const inferred = toFailureDocument(failureOf([], half('client')), { target: '10.0.0.7:80', source: 'inferred' })
    const target = toFailureDocument(failureOf([half('request_error')], null), UNKNOWN_TARGET)
    for (const merged of [mergeFailureDocuments(inferred, target), mergeFailureDocuments(target, inferred)]) {
      expect(merged).toEqual(toFailureDocument(whole, UNKNOWN_TARGET))
    }
  })

  test('keep the query of the one that has it', () => {
    const masked = toFailureDocument({ ...whole, request: { ...REQUEST, query: 'a=***' } }, UNKNOWN_TARGET)
    expect(mergeFailureDocuments(toFailureDocument(whole, UNKNOWN_TARGET), masked).url.query).toBe('a=***')
  })
})

describe('the traffic document', () => {
  const dimensions = {
    target: '10.0.0.9:8080',
    proxy: 'v2/orders',
    org: 'acme-eval',
    env: 'test',
    basis: 'lines',
  } as const
  const source = { partition: 'gw/1', gateway: 'gw' }
  const count = { minuteMs: T0, dimensions, requests: 5, responses: 4 }

  test('has an id of its window, its dimensions and its partition alone', () => {
    const { id, document } = toTrafficDocument(source, count)
    expect(document).toEqual({
      '@timestamp': '2021-06-23T03:52:00.000Z',
      event: { dataset: 'edgemicro.traffic' },
      edgemicro: { ...dimensions, gateway: 'gw', partition: 'gw/1', requests: 5, responses: 4 },
    })
    expect(toTrafficDocument(source, { ...count, requests: 9 }).id).toBe(id)
    const others = [
      toTrafficDocument(source, { ...count, minuteMs: T0 + 60_000 }),
      toTrafficDocument({ ...source, partition: 'gw/2' }, count),
      ...(['target', 'proxy', 'org', 'env'] as const).map((name) =>
        toTrafficDocument(source, { ...count, dimensions: { ...dimensions, [name]: null } }),
      ),
      toTrafficDocument(source, { ...count, dimensions: { ...dimensions, basis: 'stats' } }),
    ]
    expect(new Set([id, ...others.map((each) => each.id)]).size).toBe(8)
  })
})

test('a digest is 32 hex digits that depend on every byte', () => {
  expect(digest('abc')).toBe('ba7816bf8f01cfea414140de5dae2223')
  expect(digest(Uint8Array.of(97, 98, 99))).toBe(digest('abc'))
  expect(digest('abd')).not.toBe(digest('abc'))
})
