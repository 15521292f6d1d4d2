import { describe, expect, test } from '@jest/globals'
import { renderProbe } from '../../../src/cli/render/keepalive-probe.js'
import type { Sample } from '../../../src/keepalive/probe/measure.js'
import { PLAIN_STYLE } from '../support.js'

const SURFACE = { isTerminal: false, width: 100, style: PLAIN_STYLE }
const ASKED = {
  target: { host: '10.0.0.9', port: 8080, tls: null, serverName: null },
  request: { method: 'HEAD', path: '/', userAgent: 'test' },
  times: 3,
} as const

const closed = (idleMs: number, given: Partial<Sample> = {}): Sample => ({
  status: 200,
  header: null,
  outcome: 'closed',
  idleMs,
  closedBy: 'fin',
  ...given,
})

const render = (...samples: readonly Sample[]): readonly string[] => renderProbe(ASKED, samples, SURFACE)

describe('of a target that closes idle connections', () => {
  test('says when, how exactly, and what to set', () => {
    expect(render(closed(5_004.2), closed(5_002), closed(5_011))).toEqual([
      '10.0.0.9:8080 closes idle connections after 5.004 s (5.002–5.011 s, 3 of 3 connections), in order (FIN)',
      'it announces nothing (no Keep-Alive header)',
      'a gateway that reuses a connection in that moment gets ECONNRESET: raise the idle timeout of the target, or keep the',
      "gateway's below it: hangup keepalive plugin --for 10.0.0.9:8080=4s",
    ])
  })

  test('says how many of the connections were closed, and in both ways', () => {
    const [first] = render(
      closed(900),
      closed(910, { closedBy: 'rst' }),
      closed(0, { outcome: 'open', closedBy: null }),
    )
    expect(first).toMatch(/2 of 3 connections\), in order \(FIN\) and by resets \(RST\)$/)
  })

  test.each([
    [5_000, 'timeout=5, max=100, and does so'],
    [6_000, 'timeout=5, max=100, and closes 1.0 s later'],
    [3_000, 'timeout=5, max=100, but closes 2.0 s sooner: whoever trusts it runs into a race'],
  ])('holds %d ms against what it announces', (idleMs, announced) => {
    const [, said] = render(closed(idleMs, { header: { timeoutMs: 5_000, maxRequests: 100 } }))
    expect(said).toBe(`it announces Keep-Alive: ${announced}`)
  })

  test('tells an answer that may not be that of the application', () => {
    expect(render(closed(5_000, { status: 404 }))).toContain(
      'its answer was 404: other paths may be kept in another way (--path)',
    )
  })
})

test('of a target that keeps connections for longer says how long it was watched', () => {
  expect(render(closed(120_000, { outcome: 'open', closedBy: null }))[0]).toBe(
    '10.0.0.9:8080 had not closed the idle connection after 2 min',
  )
})

test('of a target that keeps none there is nothing to set', () => {
  expect(render(closed(0, { outcome: 'not_kept', idleMs: null, closedBy: null }))).toEqual([
    '10.0.0.9:8080 keeps no connection: it ends each one with its answer, so none is ever idle',
  ])
})
