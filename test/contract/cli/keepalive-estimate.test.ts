import { afterAll, describe, expect, test } from '@jest/globals'
import { Sandbox } from '../../support/cli.js'
import { corpusRun } from '../../support/truth.js'
import { leaks } from './secrets.js'

const sandbox = new Sandbox()

afterAll(() => sandbox.remove())

/** Runs with keep-alive races, and the idle timeouts of their targets as they were set. */
const TIMEOUTS_MS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  'b-337-tun-107': {
    't1.backend.example:28021': 1_000,
    't2.backend.example:28022': 2_000,
    't3.backend.example:28023': 5_000,
  },
  'b-316-104': {
    't1.backend.example:28021': 1_000,
    't2.backend.example:28022': 2_000,
    't3.backend.example:28023': 5_000,
  },
  'e-337-111': {
    't1.backend.example:28021': 2_000,
    't2.backend.example:28022': 3_000,
    't3.backend.example:28023': 1_000,
  },
}

interface Estimate {
  readonly target: string
  readonly state: string
  readonly idle_timeout_ms: number | null
  readonly low_ms: number
  readonly high_ms: number
  readonly races: number
  readonly what_if: readonly { readonly idle_timeout_ms: number; readonly avoided: number }[]
}

function estimate(name: string, ...options: readonly string[]) {
  return sandbox.hangup(['keepalive', 'estimate', ...options, ...corpusRun(name).logs.map(({ file }) => file)])
}

describe.each(Object.entries(TIMEOUTS_MS))('keepalive estimate, on %s,', (name, truth) => {
  test('finds the idle timeout of each target within 5 %', async () => {
    const { code, stdout, stderr } = await estimate(name, '--json')
    expect({ code, leaks: leaks(corpusRun(name), stdout + stderr) }).toEqual({ code: 0, leaks: [] })
    const { targets }: { targets: readonly Estimate[] } = JSON.parse(stdout)
    const estimated = targets.filter(({ state }) => state === 'estimated')
    // Other targets of these runs are healthy.
    expect(estimated.map(({ target }) => target).sort()).toEqual(Object.keys(truth))
    for (const { target, idle_timeout_ms: timeoutMs, low_ms: low, high_ms: high, races } of estimated) {
      expect(Math.abs((timeoutMs ?? 0) / truth[target] - 1)).toBeLessThan(0.05)
      expect(low).toBeLessThanOrEqual(timeoutMs ?? 0)
      expect(high).toBeGreaterThanOrEqual(timeoutMs ?? 0)
      const happened = corpusRun(name).truth.requests.filter(
        (request) => request.target === target && request.cause === 'keepalive_race',
      )
      expect(Math.abs(races / happened.length - 1)).toBeLessThan(0.15)
    }
  })

  test('says what other timeouts would avoid, no more than all', async () => {
    const { targets }: { targets: readonly Estimate[] } = JSON.parse((await estimate(name, '--json')).stdout)
    for (const { state, what_if: others, races } of targets) {
      expect(others.length > 8).toBe(state === 'estimated')
      for (const { avoided } of others) {
        expect(avoided).toBeGreaterThanOrEqual(0)
        expect(avoided).toBeLessThanOrEqual(races)
      }
    }
  })
})

describe('keepalive estimate', () => {
  test('tells people the timeout, the servers that have it, the idle times, and what else could be set', async () => {
    const { code, stdout } = await estimate('b-337-tun-107', '--target', 't3.backend.example:28023')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^t3\.backend\.example:28023\n {2}closes idle connections after 5\.00 s/)
    expect(stdout).toContain('Node (measured, Node 20), Apache httpd')
    expect(stdout).toMatch(/^ {6}4\.7\d–5\.2\d +9 {2}#{20} +\d+ {2}#/m)
    expect(stdout).toMatch(/^ +10 +9 of 9 +enough$/m)
    expect(stdout).toContain('hangup keepalive plugin --timeout 3900ms')
    expect(stdout).not.toContain('t1.backend.example')
  })

  test('says what is missing where there are no info lines', async () => {
    const run = await estimate('i-337-b-warn-113')
    expect(run.code).toBe(0)
    expect(run.stdout.replaceAll(/\s+/g, ' ')).toContain(
      'not enough evidence: no line says which connections its 64 resets took; set logging.level: info',
    )
    const { targets } = JSON.parse((await estimate('i-337-b-warn-113', '--json')).stdout)
    expect(targets).toHaveLength(3)
    for (const target of targets) {
      expect(target).toMatchObject({ state: 'insufficient', idle_timeout_ms: null, races: 0, what_if: [] })
    }
  })

  test('claims nothing of premature closes alone', async () => {
    const { targets } = JSON.parse((await estimate('c-337-pcap-105', '--json')).stdout)
    expect(targets.map(({ state }: Estimate) => state)).not.toContain('estimated')
  })
})
