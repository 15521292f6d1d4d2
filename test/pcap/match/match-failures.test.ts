import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { CaptureAnalysis } from '../../../src/pcap/capture-analysis.js'
import { findingsOf } from '../../../src/pcap/findings.js'
import { HostNames } from '../../../src/pcap/host-names.js'
import type { LoggedFailure } from '../../../src/pcap/match/logged-failure.js'
import { matchFailures } from '../../../src/pcap/match/match-failures.js'
import { Targets } from '../../../src/pcap/targets.js'
import { merged } from '../analyze.js'
import { Conversation, classic, START_NS } from '../packets.js'

const START_MS = Number(START_NS / 1_000_000n)
const TARGET = 't1.backend.example:8080'
const idOf = (index: number): string => `f0000000-0000-4000-8000-${String(index).padStart(12, '0')}`

interface Cut {
  /** Begin of the request, behind the start of the capture. */
  readonly atMs: number
  readonly path?: string
  readonly requestId?: string
}

/** Connections whose only request the target has received, and closed upon 20 ms later; the gateway's ports tell them apart. */
function cutRequests(requests: readonly Cut[]): readonly Conversation[] {
  return requests.map(({ atMs, path = '/orders/1', requestId }, index) => {
    const startNs = START_NS + BigInt(Math.round(atMs * 1_000_000))
    const field = requestId === undefined ? '' : `X-Request-Id: ${requestId}\r\n`
    const request = `GET ${path} HTTP/1.1\r\nHost: ${TARGET}\r\n${field}\r\n`
    return new Conversation({ ip: '10.0.0.1', port: 40_000 + index }, undefined, { startNs })
      .open()
      .fromGateway('PA', request)
      .after(0.1)
      .fromTarget('A')
      .after(20)
      .fromTarget('FA')
  })
}

const logged = (index: number, atMs: number, sketch: Partial<LoggedFailure> = {}): LoggedFailure => ({
  id: idOf(index),
  target: TARGET,
  method: 'GET',
  path: '/orders/1',
  tail: '/1',
  startMs: START_MS + atMs,
  endMs: START_MS + atMs + 22,
  idleMs: null,
  isReused: null,
  cause: 'undetermined',
  phase: 'request',
  ...sketch,
})

/** By failure's index: how it was found, and the connections (by the index of their request) that fit. */
function match(requests: readonly Cut[], failures: readonly LoggedFailure[]) {
  const targets = new Targets()
  const names = new HostNames()
  const analysis = new CaptureAnalysis({ targets, names })
  analysis.push(classic(merged(...cutRequests(requests)), { nanoseconds: true }))
  analysis.endFile()
  const findings = findingsOf(['test.pcap'], analysis.end(), targets)
  const matching = matchFailures({ failures, findings, names, pathOf: (target) => target })
  const found = matching.matches.map(({ failure, basis, requests: all, isAmong }) => ({
    failure: failures.indexOf(failure),
    basis,
    isAmong,
    connections: all.map(({ finding }) => Number(finding.facts.client.split(':')[1]) - 40_000),
  }))
  return { ...matching, found: found.sort((a, b) => a.failure - b.failure) }
}

const every = (count: number, stepMs: number): readonly number[] => Array.from({ length: count }, (_, i) => i * stepMs)

describe('a failure and its packets', () => {
  test('are one where the request names it, whatever the times', () => {
    const requests = every(5, 1).map((atMs, index) => ({ atMs, requestId: `uid.${idOf(4 - index)}` }))
    const { found } = match(
      requests,
      every(5, 1).map((atMs, index) => logged(index, atMs)),
    )
    expect(found.map(({ basis, connections }) => [basis, connections])).toEqual(
      [4, 3, 2, 1, 0].map((at) => ['id', [at]]),
    )
  })

  test('are one by the path behind the base path, where requests come at one time', () => {
    const requests = every(4, 1).map((atMs, index) => ({ atMs, path: `/backend/v2/${index}/detail` }))
    const failures = [2, 0, 3, 1].map((at, index) =>
      logged(index, index, { path: `/orders/${at}/detail`, tail: `/${at}/detail` }),
    )
    expect(match(requests, failures).found.map(({ basis, connections }) => [basis, connections])).toEqual(
      [2, 0, 3, 1].map((at) => ['path', [at]]),
    )
  })

  test('are ambiguous where requests of one path come at one time', () => {
    const { found } = match(
      every(4, 1).map((atMs) => ({ atMs })),
      every(4, 1).map((atMs, index) => logged(index, atMs)),
    )
    for (const { basis, isAmong, connections } of found) {
      expect([basis, isAmong, [...connections].sort()]).toEqual(['ambiguous', true, [0, 1, 2, 3]])
    }
  })

  test('are ambiguous where two requests name one failure', () => {
    const requests = [0, 5_000].map((atMs) => ({ atMs, requestId: idOf(0) }))
    expect(match(requests, [logged(0, 0)]).found).toEqual([
      { failure: 0, basis: 'ambiguous', isAmong: true, connections: [0, 1] },
    ])
  })

  test('are not one where a client names a failure of another hour', () => {
    const requests = every(4, 3_000).map((atMs, index) => ({
      atMs,
      requestId: index === 0 ? idOf(9) : `u.${idOf(index)}`,
    }))
    const failures = [1, 2, 3].map((index) => logged(index, index * 3_000))
    const { found } = match(requests, [...failures, logged(9, 3_600_000)])
    expect(found.map(({ failure, basis }) => [failure, basis])).toEqual([0, 1, 2].map((at) => [at, 'id']))
  })

  test('are not one where the target is another', () => {
    const { found, unmatched } = match([{ atMs: 0 }], [logged(0, 0, { target: 't1.backend.example:9090' })])
    expect([found, unmatched.length]).toEqual([[], 1])
  })

  test('are not one where nothing else of the log is in the capture', () => {
    const requests = every(30, 997).map((atMs) => ({ atMs, path: '/a' }))
    const failures = every(30, 1_203).map((atMs, index) => logged(index, atMs + 7, { path: null, tail: null }))
    expect(match(requests, failures).found.filter(({ basis }) => basis !== 'ambiguous')).toEqual([])
  })
})

describe('the clock offset', () => {
  const steps = [0, 1_100, 2_500, 2_900, 4_700, 7_000]
  const requests = steps.map((atMs, index) => ({ atMs, path: `/x/${index}` }))
  const at = (offsetMs: number, lateMs: (index: number) => number = () => 0): readonly LoggedFailure[] =>
    steps.map((atMs, index) =>
      logged(index, atMs + offsetMs + lateMs(index), { path: `/orders/${index}`, tail: `/${index}` }),
    )

  test.each([-5_400_000, -90_000, 0, 3_000, 3_600_000])('of %d ms is found', (offsetMs) => {
    const { offset, found } = match(requests, at(offsetMs))
    expect(Math.abs((offset?.offsetMs ?? Number.NaN) - offsetMs)).toBeLessThan(10)
    expect(offset?.fitting).toBe(6)
    expect(found.map(({ basis, connections }) => [basis, connections])).toEqual(steps.map((_, i) => ['path', [i]]))
  })

  test('does not follow a few lines that the log wrote late', () => {
    const { offset } = match(
      requests,
      at(60_000, (index) => (index === 2 ? 400 : 0)),
    )
    expect(Math.abs((offset?.offsetMs ?? Number.NaN) - 60_000)).toBeLessThan(10)
  })

  test('is unknown where too little fits', () => {
    expect(match([{ atMs: 0 }], [logged(0, 900_000)]).offset).toBeNull()
  })
})

test('whatever the times and however late the log: no failure is surely found where it is not', () => {
  const request = fc.record({
    atMs: fc.nat(20_000),
    lateMs: fc.nat(60),
    path: fc.constantFrom(null, '/orders/1', '/orders/2'),
  })
  fc.assert(
    fc.property(fc.array(request, { minLength: 1, maxLength: 40 }), (all) => {
      const failures = all.map(({ atMs, lateMs, path }, index) =>
        logged(index, atMs + lateMs, { path, tail: path?.slice('/orders'.length) ?? null }),
      )
      const { found } = match(
        all.map(({ atMs, path }) => ({ atMs, path: path ?? '/orders/1' })),
        failures,
      )
      for (const { failure, basis, connections } of found) {
        if (basis !== 'ambiguous') expect(connections).toEqual([failure])
      }
    }),
    { numRuns: 150, interruptAfterTimeLimit: 10_000, endOnFailure: true },
  )
})
