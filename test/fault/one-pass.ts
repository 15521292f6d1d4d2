import fs from 'node:fs'
import path from 'node:path'
import { expect } from '@jest/globals'
import type { FailureDocument, TrafficDocument } from '../../src/records.js'
import { documents } from '../support/elasticsearch/cluster.js'
import { type Fleet, type Instance, stopped } from './fleet.js'
import { type Rows, readStore } from './store.js'

/**
 * The failures and requests that the group has stored in Elasticsearch are those of one pass over the files themselves:
 * nothing was lost or changed on the way, from the agent on.
 */
export async function expectOnePassInElasticsearch(fleet: Fleet, difference: Difference = {}): Promise<void> {
  const { elasticsearch } = fleet.site
  const direct = `${fleet.name}-direct`
  const { code, stderr } = await fleet.run('tail-to-elasticsearch', 'direct', ['--once'], {
    ELASTICSEARCH_URL: elasticsearch.url,
    HANGUP_PREFIX: direct,
  })
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
  const isUntold = untoldLogs(fleet, difference)
  const failuresOf = async (prefix: string): Promise<Record<string, FailureDocument>> =>
    Object.fromEntries(
      (await documents<FailureDocument>(`${prefix}-failures-*`, elasticsearch))
        .map(({ _id, _source }) => {
          const document = lessJudgement(difference.isScattered ? lessInferredDocument(_source) : _source)
          return [_id, isUntold(_source.log.file.path) ? lessConnections(document) : document] as const
        })
        .sort(([one], [other]) => (one < other ? -1 : 1)),
    )
  const trafficOf = async (prefix: string): Promise<Record<string, number>> =>
    summed(
      (await documents<TrafficDocument>(`${prefix}-traffic-*`, elasticsearch)).flatMap(({ _source }) => {
        if (difference.isScattered && _source.edgemicro.basis === 'stats') return []
        const { requests, responses, partition: _, ...dimensions } = _source.edgemicro
        return counts({ timestamp: _source['@timestamp'], ...dimensions }, requests, responses)
      }),
    )
  const expected = await failuresOf(direct)
  expect(Object.keys(expected).length).toBeGreaterThan(30)
  expectSameEntries(await failuresOf(fleet.name), expected)
  expect(await trafficOf(fleet.name)).toEqual(await trafficOf(direct))
}

export interface Processes {
  readonly agent: Instance
  /** Members of the group, of `pipelines/kafka-to-elasticsearch.yaml` or one like it. */
  readonly instances: readonly Instance[]
}

/** Waits until all that was written is shipped and stored, ends the processes, and holds what is stored to one pass. */
export async function expectAllStored(fleet: Fleet, { agent, instances }: Processes): Promise<void> {
  await fleet.shipped(agent)
  await fleet.caughtUp()
  for (const instance of instances) await stopped(instance)
  await fleet.expectVerified('kafka-to-elasticsearch', instances[0].name)
  await expectOnePassInElasticsearch(fleet)
}

export interface Difference {
  /** Lines came by a shipper other than ours, files in any order: connections are not followed. */
  readonly isForeign?: boolean
  /** The shipper tells no places in files; so the begin of a process is not known, and its first statistics do not count. */
  readonly withoutOffsets?: boolean
  /** A worker's lines are in several partitions: nothing is counted from its statistics, and no target is inferred. */
  readonly isScattered?: boolean
}

/** The same of a store in a file. */
export async function expectOnePassInDuckDb(
  fleet: Fleet,
  instance: string,
  { withoutOffsets = false, isScattered = false, isForeign = false }: Difference = {},
): Promise<void> {
  const { code, stderr } = await fleet.run('tail-to-duckdb', 'direct', ['--once'])
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
  const [through, direct] = await Promise.all([instance, 'direct'].map((each) => readStore(fleet.storeOf(each))))
  const isUntold = untoldLogs(fleet, { isScattered, isForeign })
  const failuresById = (rows: Rows): Record<string, object> =>
    Object.fromEntries(
      rows
        .map((row) => (isScattered ? lessInferred(row) : row))
        .map((row) => lessJudgementOfRow(isUntold(String(row.log_path)) ? lessConnectionsOfRow(row) : row))
        .map((row) => [row.id, withoutOffsets ? lessOffsets(row) : row]),
    )
  const counted = (rows: Rows): Record<string, number> =>
    requestsByMinute(isScattered || withoutOffsets ? rows.filter(({ basis }) => basis !== 'stats') : rows)
  expect(direct.failures.length).toBeGreaterThan(30)
  expectSameEntries(failuresById(through.failures), failuresById(direct.failures))
  expect(counted(through.traffic)).toEqual(counted(direct.traffic))
}

/** What is known where no target is inferred. */
function lessInferred(row: Rows[number]): Rows[number] {
  if (row.target_source !== 'inferred') return row
  return { ...row, target: null, target_source: 'unknown', server_address: null, server_port: null }
}

function lessInferredDocument(document: FailureDocument): FailureDocument {
  if (document.edgemicro.target_source !== 'inferred') return document
  const edgemicro = { ...document.edgemicro, target: null, target_source: 'unknown' as const }
  return { ...document, edgemicro, server: { address: null, port: null } }
}

/**
 * Whether connections of a log's requests are unknown behind a topic: where a worker's lines are in several partitions or come by another
 * shipper, and where the gateway does not log that a connection is given back.
 */
function untoldLogs(fleet: Fleet, { isScattered = false, isForeign = false }: Difference): (file: string) => boolean {
  const untold = new Set(
    fs.readdirSync(fleet.logs).filter((name) => {
      const text = fs.readFileSync(path.join(fleet.logs, name), 'latin1')
      return 2 * text.split('][targetResponse close][').length <= text.split('][targetResponse][').length
    }),
  )
  return (file) => isScattered || isForeign || untold.has(path.basename(file))
}

const reusedOf = (evidence: unknown): unknown => JSON.parse(String(evidence)).reused

/** Causes that one pass tells by all resets of a target; a service that follows leaves them open. */
const BY_ALL_RESETS = ['keepalive_race', 'premature_close', 'undetermined']
const OPEN = { cause: 'undetermined' as const, confidence: 0 }

function lessJudgement(document: FailureDocument): FailureDocument {
  const { evidence, cause } = document.edgemicro
  if (evidence.reused !== 1 || !BY_ALL_RESETS.includes(cause)) return document
  return { ...document, edgemicro: { ...document.edgemicro, ...OPEN } }
}

function lessJudgementOfRow(row: Rows[number]): Rows[number] {
  return reusedOf(row.evidence) === 1 && BY_ALL_RESETS.includes(String(row.cause)) ? { ...row, ...OPEN } : row
}

/** What is known where connections are not followed. */
export function lessConnections(document: FailureDocument): FailureDocument {
  const { edgemicro } = document
  const isTold = edgemicro.cause === 'keepalive_race' || edgemicro.cause === 'premature_close'
  return {
    ...document,
    edgemicro: {
      ...edgemicro,
      ...(isTold && OPEN),
      evidence: { ...edgemicro.evidence, ...UNKNOWN_CONNECTION },
      target_halves: edgemicro.target_halves.map((half) => ({ ...half, connection: null })),
    },
  }
}

const UNKNOWN_CONNECTION = {
  idle_ms: null,
  reused: null,
  reuses: null,
  reuses_near: null,
  reuses_same: null,
  resets_near: null,
}

/** A row holds evidence and halves as JSON. */
export function lessConnectionsOfRow(row: Rows[number]): Rows[number] {
  const isTold = row.cause === 'keepalive_race' || row.cause === 'premature_close'
  const halves = JSON.parse(String(row.target_halves)) as object[]
  return {
    ...row,
    ...(isTold && OPEN),
    evidence: JSON.stringify({ ...JSON.parse(String(row.evidence)), ...UNKNOWN_CONNECTION }),
    target_halves: JSON.stringify(halves.map((half) => ({ ...half, connection: null }))),
  }
}

/** A row holds halves as JSON. */
function lessOffsets({ log_offset: _, ...row }: Rows[number]): object {
  return JSON.parse(JSON.stringify(row).replace(/(\\"offset\\":)\d+/g, '$10'))
}

/** A traffic document is of one partition: what they say together is to be the same. */
function requestsByMinute(rows: Rows): Record<string, number> {
  return summed(
    rows.flatMap(({ timestamp, target, proxy, org, env, gateway, basis, requests, responses }) =>
      counts({ timestamp, target, proxy, org, env, gateway, basis }, Number(requests), Number(responses)),
    ),
  )
}

type Count = readonly [key: string, count: number]

function counts(dimensions: object, requests: number, responses: number): Count[] {
  const key = JSON.stringify(Object.entries(dimensions).sort(([one], [other]) => (one < other ? -1 : 1)))
  return [
    [`requests ${key}`, requests],
    [`responses ${key}`, responses],
  ]
}

function summed(all: readonly Count[]): Record<string, number> {
  const sums: Record<string, number> = {}
  for (const [key, count] of all) sums[key] = (sums[key] ?? 0) + count
  return sums
}

/** One after the other, so that a difference can be read. */
function expectSameEntries(found: Readonly<Record<string, object>>, expected: Readonly<Record<string, object>>): void {
  expect(Object.keys(found).sort()).toEqual(Object.keys(expected).sort())
  for (const [id, document] of Object.entries(expected)) expect(found[id]).toEqual(document)
}
