import fs from 'node:fs'
import path from 'node:path'
import zlib from 'node:zlib'
import { expect } from '@jest/globals'
import type { FailureDocument, HalfDocument, TrafficDocument } from '../../../src/records.js'
import { type Rows, readStore } from '../../fault/store.js'
import { type Address, documents } from '../elasticsearch/cluster.js'
import { type Mode, writesCloses } from './rotation.js'

/** What a store holds, less what depends on the names of files and on places in them. */
export interface Outcome {
  readonly failures: ReadonlyMap<string, object>
  /** Requests and responses by gateway, minute and dimension. */
  readonly counts: ReadonlyMap<string, number>
}

export async function outcomeOf(store: string): Promise<Outcome> {
  const { failures, traffic } = await readStore(store)
  return {
    failures: new Map(failures.map((row) => [String(row.id), comparable(row)])),
    counts: summed(traffic.map((row) => ({ ...row, timestamp: Date.parse(`${row.timestamp}Z`) }))),
  }
}

/** Where documents are in Elasticsearch. */
export interface Indices {
  readonly server: Address
  readonly prefix: string
}

/** The same of what Elasticsearch holds; ids and counts can be compared with those of a store. */
export async function outcomeOfIndices({ server, prefix }: Indices): Promise<Outcome> {
  const failures = await documents<FailureDocument>(`${prefix}-failures-*`, server)
  const traffic = await documents<TrafficDocument>(`${prefix}-traffic-*`, server)
  return {
    failures: new Map(failures.map(({ _id, _source }) => [_id, comparableDocument(_source)])),
    counts: summed(
      traffic.map(({ _source }) => ({ ..._source.edgemicro, timestamp: Date.parse(_source['@timestamp']) })),
    ),
  }
}

function summed(traffic: Rows): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const { timestamp, target, proxy, gateway, requests, responses } of traffic) {
    for (const [what, count] of Object.entries({ requests, responses })) {
      const key = JSON.stringify({ gateway, timestamp, target, proxy, what })
      counts.set(key, (counts.get(key) ?? 0) + Number(count))
    }
  }
  return counts
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
  const countOf = (key: string): number => found.counts.get(key) ?? 0
  expect([...most.counts].filter(([key, count]) => countOf(key) > count)).toEqual([])
  expect([...least.counts].filter(([key, count]) => countOf(key) < count)).toEqual([])
}

/** The gateway's part of an outcome. */
export function partOf({ failures, counts }: Outcome, gateway: string): Outcome {
  return {
    failures: new Map([...failures].filter(([, row]) => 'gateway' in row && row.gateway === gateway)),
    counts: new Map([...counts].filter(([key]) => JSON.parse(key).gateway === gateway)),
  }
}

/** How many lines a store tells of: of each request one, of its response, or else of each half of its failure, another one. */
export async function linesOf(store: string, modes: readonly Mode[]): Promise<number> {
  const { failures, traffic } = await readStore(store)
  const newer = modes.filter(writesCloses).map(({ name }) => name)
  const counted = traffic.reduce((sum, { gateway, requests, responses }) => {
    return sum + Number(requests) + (newer.includes(String(gateway)) ? 2 : 1) * Number(responses)
  }, 0)
  const halves = failures.map(
    ({ target_halves, client_half }) => JSON.parse(String(target_halves)).length + (client_half === null ? 0 : 1),
  )
  return halves.reduce((sum, count) => sum + count, counted)
}

/** All lines that rotated files and the live one hold together, in the order of the journal, and how many of it are missing. */
export function linesOnDisk(directory: string, journal: string) {
  const onDisk = new Set<string>()
  for (const name of fs.readdirSync(directory)) {
    const bytes = fs.readFileSync(path.join(directory, name))
    const text = (name.endsWith('.gz') ? zlib.gunzipSync(bytes) : bytes).toString('latin1')
    for (const line of text.split('\n')) onDisk.add(line)
  }
  const all = fs.readFileSync(journal, 'latin1')
  const written = all.split('\n')
  const left = written.filter((line) => onDisk.has(line))
  const text = left.join('\n')
  return { text, missingLines: written.length - left.length, missingBytes: all.length - text.length }
}

/** Verdicts on connections are left open by a service that follows, where one pass knows the other resets of a target. */
function comparable({ log_offset: _, log_path: __, ...row }: Rows[number]): object {
  const same = JSON.parse(JSON.stringify(row).replace(/\\"path\\":\\"[^"]*\\",\\"offset\\":\d+/g, ''))
  return OF_CONNECTIONS.includes(String(row.cause)) ? { ...same, ...LEFT_OPEN } : same
}

const OF_CONNECTIONS = ['keepalive_race', 'premature_close', 'undetermined']
const LEFT_OPEN = { cause: 'undetermined', confidence: 0 }

/** Its gateway stands where that of a row does. */
function comparableDocument({ log, edgemicro, ...rest }: FailureDocument): object {
  const withoutPlace = ({ path: _, offset: __, ...half }: HalfDocument) => half
  return {
    ...rest,
    ...edgemicro,
    level: log.level,
    target_halves: edgemicro.target_halves.map(withoutPlace),
    client_half: edgemicro.client_half && withoutPlace(edgemicro.client_half),
    ...(OF_CONNECTIONS.includes(edgemicro.cause) && LEFT_OPEN),
  }
}
