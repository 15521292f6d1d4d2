import path from 'node:path'
import zlib from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { ndjson, Sandbox } from '../../support/cli.js'
import { corpusRun, RUNS } from '../../support/truth.js'

const sandbox = new Sandbox()

afterAll(() => sandbox.remove())

/** Several causes with 499 lines; several files; fake lines. */
const VARIED = RUNS.filter((name) => /^(d-337|g-337-rotate|f-337)/.test(name))

describe.each(VARIED)('however the lines of %s arrive, failures', (name) => {
  const run = corpusRun(name)
  let expected: readonly Row[]

  beforeAll(async () => {
    expected = await failures(run.logs.map((log) => log.file))
    expect(expected.length).toBeGreaterThan(0)
  })

  test('are the same from files that are not packed', async () => {
    const files = run.logs.map((log) => sandbox.write(`plain/${name}/${baseName(log.file)}`, log.text))
    expectSame(await failures(files), expected)
  })

  test('are the same from the directory and from a glob', async () => {
    expectSame(await failures([run.directory]), expected)
    expectSame(await failures([path.join(run.directory, 'edgemicro-*.log.gz')]), expected)
  })

  test('are the same from files given in the opposite order and given twice', async () => {
    const files = run.logs.map((log) => log.file)
    expectSame(await failures([...files].reverse()), expected)
    expectSame(await failures([...files, ...files]), expected)
  })

  test('are the same from standard input, but for the gateway that only a file name tells', async () => {
    const text = run.logs.map((log) => log.text).join('')
    // Nor is it told which lines are of which start of the process, whose connections are its own.
    const nameless = expected.map((failure) => withoutReplay({ ...failure, gateway: null }))
    expectSame((await failures(['-'], text)).map(withoutReplay), nameless)
    expectSame((await failures(['-'], zlib.gzipSync(text))).map(withoutReplay), nameless)
  })

  test('are the same from files that a rotation cut anywhere, also between two halves', async () => {
    const files = run.logs.flatMap((log) => rotated(log.text, baseName(log.file)))
    expectSame(await failures(files), expected)
  })

  test('are the same in any order within the allowed lateness', async () => {
    const files = run.logs.map((log) =>
      sandbox.write(`shuffled/${name}/${baseName(log.file)}`, shuffled(log.text, 4_000)),
    )
    expectSame((await failures(files)).map(withoutReplay), expected.map(withoutReplay))
  })

  test('are the same with lines that end in carriage return and newline', async () => {
    const files = run.logs.map((log) =>
      sandbox.write(`crlf/${name}/${baseName(log.file)}`, log.text.replaceAll('\n', '\r\n')),
    )
    expectSame(await failures(files), expected)
  })

  test('are the same where the last line has no end', async () => {
    const files = run.logs.map((log) => sandbox.write(`cut/${name}/${baseName(log.file)}`, log.text.replace(/\n$/, '')))
    expectSame(await failures(files), expected)
  })

  test('keep their halves and statuses where only warn and error lines are looked at', async () => {
    const whole = await failures(run.logs.map((log) => log.file))
    const { stdout } = await sandbox.hangup(['failures', '--halves-only', ...run.logs.map((log) => log.file)])
    const fields = ({ id, halves, status, target }: Row) => ({ id, halves, status, target })
    const targets = (rows: readonly Row[]) => rows.filter((row) => row.halves !== 'client').map(fields)
    expectSame(targets(normalised(stdout)), targets(whole))
  })
})

/** Which connection a request took is told by the order of a worker's lines, so what that proves moves with them. */
function withoutReplay(row: Row): Row {
  const isOfConnection = ['keepalive_race', 'premature_close', 'undetermined'].includes(String(row.cause))
  return { ...row, cause: isOfConnection ? 'told by its connection, or open' : row.cause }
}

type Row = Readonly<Record<string, unknown>>

/** The same rows, however many: only the first that differ are shown. */
function expectSame(actual: readonly Row[], expected: readonly Row[]): void {
  const missing = without(expected, actual)
  const extra = without(actual, expected)
  expect({ missing: missing.slice(0, 3), extra: extra.slice(0, 3) }).toEqual({ missing: [], extra: [] })
  expect(actual.length).toBe(expected.length)
}

function without(rows: readonly Row[], others: readonly Row[]): readonly Row[] {
  const known = new Set(others.map((row) => JSON.stringify(row)))
  return rows.filter((row) => !known.has(JSON.stringify(row)))
}

async function failures(logs: readonly string[], stdin = '' as string | Uint8Array): Promise<readonly Row[]> {
  const { code, stdout, stderr } = await sandbox.hangup(['failures', ...logs], { stdin })
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
  return normalised(stdout)
}

/** What must not depend on where a line was found. */
function normalised(stdout: string): readonly Row[] {
  const rows = ndjson(stdout).map((document) => ({
    timestamp: document['@timestamp'],
    id: document.http.request.id,
    method: document.http.request.method,
    status: document.http.response.status_code,
    path: document.url.path,
    code: document.error.code,
    message: document.error.message,
    target: document.edgemicro.target,
    source: document.edgemicro.target_source,
    proxy: document.edgemicro.proxy,
    gateway: document.edgemicro.gateway,
    worker: document.edgemicro.worker,
    halves: document.edgemicro.halves,
    phase: document.edgemicro.phase,
    cause: document.edgemicro.cause,
    key: document.edgemicro.client_key,
  }))
  return rows.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
}

function baseName(file: string): string {
  return path.basename(file, '.gz')
}

/** Cuts a file in the middle of its first failure and at two more places; the names go on as the gateway's do. */
function rotated(text: string, name: string): readonly string[] {
  const lines = text.split(/(?<=\n)/)
  const half = lines.findIndex((line) => line.includes('][targetRequest error]['))
  const cuts = [0, half + 1, Math.floor(lines.length / 2), lines.length - 3, lines.length].sort((a, b) => a - b)
  // Each source file becomes a gateway process of its own rotations: 1 → 10, 11, …
  return cuts.slice(1).map((end, index) => {
    const rotation = name.replace(/-(\d+)-api\.log$/, (_, number) => `-${number}${index}-api.log`)
    return sandbox.write(`rotated/${rotation}`, lines.slice(cuts[index], end).join(''))
  })
}

/** Moves every line by up to `rangeMs` of event time, the same way on every run. */
function shuffled(text: string, rangeMs: number): string {
  let seed = 1
  const random = () => (seed = (seed * 16_807) % 2_147_483_647) / 2_147_483_647
  const lines = text.split(/(?<=\n)/).map((line) => ({ line, key: Date.parse(line.slice(0, 24)) + random() * rangeMs }))
  return lines
    .sort((a, b) => a.key - b.key)
    .map(({ line }) => line)
    .join('')
}
