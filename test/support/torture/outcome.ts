import fs from 'node:fs'
import path from 'node:path'
import zlib from 'node:zlib'
import { expect } from '@jest/globals'
import { lessConnectionsOfRow } from '../../fault/one-pass.js'
import { type Rows, readStore } from '../../fault/store.js'

/** What a store holds, less what depends on the names of files and on places in them. */
export interface Outcome {
  readonly failures: ReadonlyMap<string, object>
  /** Requests and responses by gateway, minute and dimension. */
  readonly counts: ReadonlyMap<string, number>
}

export interface What {
  /** Of which gateways it is also compared which connections the requests that failed had taken; by default of all. */
  readonly withConnections?: (gateway: string) => boolean
}

export async function outcomeOf(store: string, { withConnections = () => true }: What = {}): Promise<Outcome> {
  const { failures, traffic } = await readStore(store)
  const counts = new Map<string, number>()
  for (const { timestamp, target, proxy, gateway, requests, responses } of traffic) {
    for (const [what, count] of Object.entries({ requests, responses })) {
      const key = JSON.stringify({ gateway, timestamp, target, proxy, what })
      counts.set(key, (counts.get(key) ?? 0) + Number(count))
    }
  }
  return {
    failures: new Map(
      failures.map((row) => [
        String(row.id),
        comparable(withConnections(String(row.gateway)) ? row : lessConnectionsOfRow(row)),
      ]),
    ),
    counts,
  }
}

/** One after the other, so that a difference can be read. */
export function expectSame(found: Outcome, expected: Outcome): void {
  expect([...found.failures.keys()].sort()).toEqual([...expected.failures.keys()].sort())
  for (const [id, row] of expected.failures) expect(found.failures.get(id)).toEqual(row)
  expect(Object.fromEntries(found.counts)).toEqual(Object.fromEntries(expected.counts))
}

/** Between what the rotator left on disk and all that was written. */
export function expectBetween(found: Outcome, least: Outcome, most: Outcome): void {
  expect([...least.failures.keys()].filter((id) => !found.failures.has(id))).toEqual([])
  expect([...found.failures.keys()].filter((id) => !most.failures.has(id))).toEqual([])
  for (const [key, count] of most.counts) {
    expect(found.counts.get(key) ?? 0).toBeLessThanOrEqual(count)
  }
  for (const [key, count] of least.counts) expect(found.counts.get(key) ?? 0).toBeGreaterThanOrEqual(count)
}

/** The gateway's part of an outcome. */
export function partOf({ failures, counts }: Outcome, gateway: string): Outcome {
  return {
    failures: new Map([...failures].filter(([, row]) => 'gateway' in row && row.gateway === gateway)),
    counts: new Map([...counts].filter(([key]) => JSON.parse(key).gateway === gateway)),
  }
}

/** All lines that rotated files and the live one hold together, in the order of the journal, and how many of it are missing. */
export function linesOnDisk(directory: string, journal: string): { readonly text: string; readonly missing: number } {
  const onDisk = new Set<string>()
  for (const name of fs.readdirSync(directory)) {
    const bytes = fs.readFileSync(path.join(directory, name))
    const text = (name.endsWith('.gz') ? zlib.gunzipSync(bytes) : bytes).toString('latin1')
    for (const line of text.split('\n')) onDisk.add(line)
  }
  const written = fs.readFileSync(journal, 'latin1').split('\n')
  const left = written.filter((line) => onDisk.has(line))
  return { text: left.join('\n'), missing: written.length - left.length }
}

/** Verdicts on connections are left open by a service that follows, where one pass knows the other resets of a target. */
function comparable({ log_offset: _, log_path: __, ...row }: Rows[number]): object {
  const same = JSON.parse(JSON.stringify(row).replace(/\\"path\\":\\"[^"]*\\",\\"offset\\":\d+/g, ''))
  const isOfConnection = ['keepalive_race', 'premature_close', 'undetermined'].includes(String(row.cause))
  return isOfConnection ? { ...same, cause: 'undetermined', confidence: 0 } : same
}
