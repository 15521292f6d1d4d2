import { describe, expect, test } from '@jest/globals'
import { analyze } from './analyze.js'
import { bytesOf, CAPTURES, streamsOf } from './corpus.js'

/**
 * Streams whose cause cannot be in the packets, by what is missing. Each was read packet by packet.
 *
 * `request_unseen`: the target closes for idleness, the gateway closes its side, and no request was written; the log alone has the
 * 502. `cut`: the capture was cut before the request that failed, or before its close. `truncated`: no head was captured, so a close
 * a few milliseconds behind response bytes may have been the end of a whole response or not.
 */
const RESIDUE: Readonly<Record<string, Readonly<Record<number, 'request_unseen' | 'cut' | 'truncated'>>>> = {
  'b-337-pcap-101': { 87: 'request_unseen', 146: 'request_unseen', 147: 'request_unseen', 232: 'cut', 233: 'cut' },
  'b-337-tun-107': { 16: 'request_unseen', 62: 'cut' },
  'c-337-pcap-105': { 4: 'cut', 30: 'cut', 40: 'cut', 44: 'cut', 45: 'cut' },
  'c-337-pcap-105/lo-snap68.pcap': {
    8: 'truncated',
    11: 'truncated',
    18: 'truncated',
    20: 'truncated',
    41: 'truncated',
  },
}

const residueOf = (name: string, run: string) => ({ ...RESIDUE[run], ...RESIDUE[name] })

test('the corpus has captures of three runs, in all forms', () => {
  expect(CAPTURES).toHaveLength(14)
  expect(CAPTURES.flatMap(streamsOf).filter(({ cause }) => cause !== 'none').length).toBeGreaterThan(400)
})

describe.each(CAPTURES.map((capture) => [capture.name, capture] as const))('%s', (name, capture) => {
  const { result, connections, targets } = analyze(bytesOf(capture), { chunkBytes: 50_000 })
  const streams = streamsOf(capture)
  const residue = residueOf(name, capture.run)

  test('has the streams of the truth', () => {
    expect(result.files.map(({ end }) => end.kind)).toEqual(['whole'])
    expect(result.streams).toBe(streams.length)
    expect(connections.map(({ index, client, target }) => [index, port(client), port(target)])).toEqual(
      streams.map(({ tcp_stream, gw_port, target_port }) => [tcp_stream, gw_port, target_port]),
    )
  })

  test('has the cause of the truth for each stream that its packets tell', () => {
    const wrong = streams.filter(({ tcp_stream, cause }) => connections[tcp_stream].cause !== cause)
    expect(wrong.map(({ tcp_stream }) => tcp_stream)).toEqual(Object.keys(residue).map(Number))
  })

  test('claims nothing of the streams whose cause is not in the packets', () => {
    for (const [index, reason] of Object.entries(residue)) {
      const { cause, form, unseen_request_cause: unseen, closed_by: closedBy } = connections[Number(index)]
      if (reason === 'truncated') expect([cause, form]).toEqual(['undetermined', 'unclear_end'])
      else expect(cause).toBe('none')
      if (reason === 'request_unseen') expect(unseen).toBe(streams[Number(index)].cause)
      if (reason === 'cut') expect(closedBy).toBeNull()
    }
  })

  test('has the idle time of the truth before each close that raced with a request', () => {
    const requests = new Map(capture.truth.requests.map((request) => [request.correlation_id, request]))
    for (const { tcp_stream, cause, correlation_ids_failed: failed } of streams) {
      const idleMs = requests.get(failed[0] ?? '')?.idle_ms ?? null
      if (cause !== 'keepalive_race' || idleMs === null || residue[tcp_stream] === 'cut') continue
      // Here the truth's clock is the target process's, on a machine that was overloaded.
      expect(Math.abs((connections[tcp_stream].idle_ms ?? 0) - idleMs)).toBeLessThan(100)
    }
  })

  test('has the failing requests of the truth, where they are in clear', () => {
    if (/snap/.test(name)) return
    const requests = new Map(capture.truth.requests.map((request) => [request.correlation_id, request]))
    for (const { tcp_stream, correlation_ids_failed: failed } of streams) {
      const truth = requests.get(failed[0] ?? '')
      if (truth === undefined || residue[tcp_stream] !== undefined) continue
      const { request } = connections[tcp_stream]
      expect(request?.method).toBe(truth.method)
      // The gateway replaces the base path.
      expect(lastPart(request?.path ?? '')).toBe(lastPart(truth.url))
    }
  })

  test('measures the idle timeouts of the targets within 5 %, and none where no close was for idleness', () => {
    const truePorts = new Map(
      capture.truth.targets.map(({ hostport, keepalive_idle_timeout_ms: ms }) => [port(hostport), ms]),
    )
    for (const { target } of targets.all()) {
      const trueMs = truePorts.get(port(target)) ?? 0
      const measured = targets.idleTimeout(target)
      if (trueMs > 14_000) expect(measured).toBeNull()
      else expect(Math.abs((measured?.timeoutMs ?? 0) / trueMs - 1)).toBeLessThan(0.05)
    }
  })
})

const port = (endpoint: string): number => Number(endpoint.slice(endpoint.lastIndexOf(':') + 1))
const lastPart = (url: string): string => url.replace(/\?.*/, '').split('/').at(-1) ?? ''
