import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { CaptureAnalysis } from '../../src/pcap/capture-analysis.js'
import { findingsOf, toDocument } from '../../src/pcap/findings.js'
import { HostNames } from '../../src/pcap/host-names.js'
import type { LoggedFailure } from '../../src/pcap/match/logged-failure.js'
import { matchFailures } from '../../src/pcap/match/match-failures.js'
import { Targets } from '../../src/pcap/targets.js'
import { analyze } from './analyze.js'
import { bytesOf, CAPTURES } from './corpus.js'
import { classic, ETHERNET, type Packet, RAW, START_NS } from './packets.js'

const whole = CAPTURES.map(bytesOf)

/** Whatever the bytes: an answer, whose numbers are true to each other. */
function expectSound(bytes: Uint8Array): void {
  const { result, connections } = analyze(bytes, { maxOpen: 64, maxKept: 128, chunkBytes: 4_096 })
  expect(connections.length + result.omitted).toBe(result.streams)
  expect(connections.length).toBeLessThanOrEqual(128)
  expect(Object.values(result.contents).reduce((sum, count) => sum + count, 0)).toBe(result.packets)
  for (const { packets, first, last, idle_ms: idleMs } of connections) {
    expect(
      packets.every((packet, at) => packet >= 1 && packet <= result.packets && packet > (packets[at - 1] ?? 0)),
    ).toBe(true)
    expect(Number.isNaN(Date.parse(first)) || Number.isNaN(Date.parse(last))).toBe(false)
    expect(idleMs === null || Number.isFinite(idleMs)).toBe(true)
  }
}

/** Names of hosts and failures to be matched come from the bytes, too. */
function expectMatched(bytes: Uint8Array): void {
  const targets = new Targets()
  const names = new HostNames()
  const analysis = new CaptureAnalysis({ targets, names, maxOpen: 64, maxKept: 128 })
  for (const half of [bytes.subarray(0, bytes.length >> 1), bytes.subarray(bytes.length >> 1)]) {
    analysis.push(half)
    analysis.endFile()
  }
  const findings = findingsOf(['a', 'b'], analysis.end(), targets)
  const failures = findings.flatMap((finding): LoggedFailure[] => {
    const { target, exchange, firstNs } = finding.facts
    const startMs = finding.baseSeconds * 1_000 + firstNs / 1_000_000
    const path = exchange?.target ?? null
    const id = exchange?.correlationId ?? String(finding.facts.index)
    const log = { method: null, path, tail: path, startMs, endMs: startMs + 10, idleMs: null, isReused: null }
    return [{ id, target, ...log, cause: 'undetermined', phase: 'request' }]
  })
  const { matches } = matchFailures({ failures, findings, names, pathOf: (target) => target })
  for (const { requests, basis } of matches) {
    expect(requests.length).toBeGreaterThanOrEqual(1)
    if (basis !== 'ambiguous') expect(requests).toHaveLength(1)
  }
  for (const finding of findings) expect(toDocument(finding, (target) => target).capture).toMatch(/^[ab]$/)
}

const part = fc.record({
  file: fc.nat(whole.length - 1),
  from: fc.double({ min: 0, max: 1, noNaN: true }),
  length: fc.nat(40_000),
})

describe('any bytes', () => {
  test('of a capture with some of them changed give an answer', () => {
    const changes = fc.array(fc.record({ at: fc.nat(), value: fc.nat(255) }), { minLength: 1, maxLength: 40 })
    fc.assert(
      fc.property(part, changes, ({ file, length }, bytesChanged) => {
        const bytes = Buffer.from(whole[file].subarray(0, 200 + length))
        for (const { at, value } of bytesChanged) bytes[at % bytes.length] = value
        expectSound(bytes)
        expectMatched(bytes)
      }),
      { numRuns: 150 },
    )
  })

  test('cut out of captures and put together give an answer', () => {
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 4 }), fc.nat(whole.length - 1), (parts, head) => {
        const pieces = parts.map(({ file, from, length }) => {
          const start = Math.floor(from * whole[file].length)
          return whole[file].subarray(start, start + length)
        })
        expectSound(Buffer.concat([whole[head].subarray(0, 3_000), ...pieces]))
      }),
      { numRuns: 100 },
    )
  })

  test('behind a true head give an answer', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2_000 }), fc.nat(whole.length - 1), (bytes, head) => {
        expectSound(Buffer.concat([whole[head].subarray(0, 24), bytes]))
      }),
    )
  })

  test('as packets give an answer, whatever the link type', () => {
    const packet = fc.uint8Array({ maxLength: 120 })
    fc.assert(
      fc.property(
        fc.array(packet, { maxLength: 30 }),
        fc.constantFrom(0, ETHERNET, RAW, 108, 113, 228, 229, 276, 147),
        (all, linkType) => {
          const packets: Packet[] = all.map((bytes, index) => ({
            bytes: Buffer.from(bytes),
            timeNs: START_NS + BigInt(index),
          }))
          expectSound(classic(packets, { linkType }))
        },
      ),
    )
  })
})
