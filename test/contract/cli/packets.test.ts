import fs from 'node:fs'
import path from 'node:path'
import { afterAll, describe, expect, test } from '@jest/globals'
import { mergeFailureDocuments } from '../../../src/pipeline/document.js'
import type { FailureDocument } from '../../../src/records.js'
import { bytesOf, CAPTURES } from '../../pcap/corpus.js'
import { split } from '../../pcap/split.js'
import { finished, ndjson, Sandbox } from '../../support/cli.js'
import { corpusRun } from '../../support/truth.js'

const sandbox = new Sandbox()
afterAll(() => sandbox.remove())

const RUN = corpusRun('b-337-pcap-101')
const capture = CAPTURES.find(({ name }) => name === 'b-337-pcap-101/lo-ether.pcap')
const RING = split(capture === undefined ? Buffer.alloc(0) : bytesOf(capture), 600)

/** Warn and error lines alone, as most gateways write them: they leave the cause of every reset open. */
const LINES = RUN.logs[0].text
  .split('\n')
  .filter((line) => /\[(?:error|warn)\]/.test(line))
  .map((line) => `${line}\n`)

function setUp(name: string, lines: readonly string[]) {
  const log = sandbox.write(`${name}/logs/${path.basename(RUN.logs[0].file).replace(/\.gz$/, '')}`, lines.join(''))
  const captures = sandbox.path(name, 'captures')
  fs.mkdirSync(captures, { recursive: true })
  const pipeline = (source: string, sink: string): string =>
    sandbox.write(
      `${name}/${name}.yaml`,
      `{ source: { ${source}: { paths: ["${log}"] } }, packets: { paths: ["${captures}"], scanInterval: 100ms }, ` +
        `sinks: [{ ${sink} }], state: { directory: "${sandbox.path(name, 'state')}" } }`,
    )
  return {
    pipeline,
    add: (file: number) => fs.writeFileSync(path.join(captures, `ring.pcap${file}`), RING[file]),
    log: (more: readonly string[]) => fs.appendFileSync(log, more.join('')),
  }
}

/** As a store would have it in the end. */
function merged(documents: readonly FailureDocument[]): ReadonlyMap<string, FailureDocument> {
  const byId = new Map<string, FailureDocument>()
  for (const each of documents) {
    const id = each.http.request.id ?? ''
    const known = byId.get(id)
    byId.set(id, known === undefined ? each : mergeFailureDocuments(known, each))
  }
  return byId
}

/** Without what depends on where the log lies. */
const verdicts = (documents: ReadonlyMap<string, FailureDocument>) =>
  [...documents]
    .map(([id, { edgemicro }]) => ({ id, ...edgemicro }))
    .map(({ id, cause, confidence, evidence }) => ({ id, cause, confidence, evidence }))
    .sort((a, b) => (a.id < b.id ? -1 : 1))

const failuresOf = (stdout: string): readonly FailureDocument[] =>
  ndjson(stdout).filter((each) => each.event.dataset === 'edgemicro.failure')

describe('packets:', () => {
  test('a run to the end of its input gives failures what captures tell', async () => {
    const { pipeline, add } = setUp('once', LINES)
    for (const file of RING.keys()) add(file)
    const { code, stdout } = await sandbox.hangup(['run', '--once', pipeline('files', 'stdout: {}')])
    expect(code).toBe(0)
    const all = [...merged(failuresOf(stdout)).values()]
    const told = all.filter(({ edgemicro }) => edgemicro.evidence.packet_told === 1)
    expect(told.length).toBeGreaterThanOrEqual(19)
    for (const { http, edgemicro } of told) {
      expect(edgemicro.cause).toBe(RUN.requests.get(http.request.id ?? '')?.cause)
    }
    expect(all.filter(({ edgemicro }) => edgemicro.cause === 'undetermined').length).toBe(all.length - told.length)
  })

  test('what a store has in the end does not depend on what came first, the log or the captures', async () => {
    const once = setUp('whole', LINES)
    for (const file of RING.keys()) once.add(file)
    const { stdout } = await sandbox.hangup(['run', '--once', once.pipeline('files', 'stdout: {}')])
    const expected = verdicts(merged(failuresOf(stdout)))

    const live = setUp('live', LINES.slice(0, 10))
    const command = ['run', live.pipeline('tail', 'stdout: {}')]
    const child = sandbox.start(command)
    const result = finished(child, command, 60_000)
    const documents: FailureDocument[] = []
    let rest = ''
    let changed = (): void => {}
    child.stdout.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop() ?? ''
      documents.push(...failuresOf(lines.join('\n')))
      changed()
    })
    const until = async (condition: () => boolean): Promise<void> => {
      while (!condition()) {
        await new Promise<void>((resolve) => {
          changed = resolve
        })
      }
    }
    live.add(0)
    live.add(1)
    await until(() => documents.some(({ edgemicro }) => edgemicro.evidence.packet_told === 1))
    live.log(LINES.slice(10))
    for (let file = 2; file < RING.length; file++) live.add(file)
    await until(() => JSON.stringify(verdicts(merged(documents))) === JSON.stringify(expected))
    child.kill('SIGTERM')
    expect((await result).code).toBe(143)
    // Whatever comes again changes nothing.
    expect(verdicts(merged([...documents, ...documents.slice(0, 40)]))).toEqual(expected)
  }, 60_000)

  test('a store keeps what packets told when the log is read again without them', async () => {
    const { pipeline, add } = setUp('again', LINES)
    for (const file of RING.keys()) add(file)
    const store = sandbox.path('again', 'failures.duckdb')
    const file = pipeline('files', `duckdb: { path: "${store}" }`)
    const ask = async () => {
      const { stdout } = await sandbox.hangup(['frequency', '--store', `duckdb:${store}`, '--by', 'cause', '--json'])
      return JSON.parse(stdout).rows.map((row: { values?: object; cause: string; failures: number }) => [
        row.cause,
        row.failures,
      ])
    }
    expect((await sandbox.hangup(['run', '--once', file])).code).toBe(0)
    const first = await ask()
    expect(Object.fromEntries(first).keepalive_race).toBeGreaterThanOrEqual(19)
    fs.rmSync(sandbox.path('again', 'captures'), { recursive: true })
    // The key of the hash stays: without it, API keys have other names.
    for (const name of fs.readdirSync(sandbox.path('again', 'state'))) {
      if (name !== 'redact.key') fs.rmSync(sandbox.path('again', 'state', name), { recursive: true })
    }
    expect((await sandbox.hangup(['run', '--once', file])).code).toBe(0)
    expect(await ask()).toEqual(first)
    const verified = await sandbox.hangup(['verify', file])
    expect([verified.code, verified.stdout]).toEqual([0, expect.any(String)])
  })
})
