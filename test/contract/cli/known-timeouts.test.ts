import { afterAll, expect, test } from '@jest/globals'
import { ndjson, Sandbox } from '../../support/cli.js'

const sandbox = new Sandbox()

afterAll(() => sandbox.remove())

const TARGET = '10.0.0.9:8080'

function line(at: number, host: string, level: string, id: string, rest: string): string {
  const timestamp = new Date(Date.UTC(2021, 5, 23, 3, 52) + at).toISOString()
  return `${timestamp} [${level}][${host}][3][myorg][test][orders/1][][][6b089a00-d3d6-11eb-95aa-911f1ee6c68${id}]${rest}\n`
}

/** One request that ends well, and seven seconds later one that is reset on the same connection. */
const LOG = [
  line(0, TARGET, 'info', '1', '[plugins-middleware][targetRequest][GET][][][][]'),
  line(8, TARGET, 'info', '1', '[plugins-middleware][targetResponse][GET][200][][][8]'),
  line(10, TARGET, 'info', '1', '[plugins-middleware][targetResponse close][GET][200][][][10]'),
  line(7_010, TARGET, 'info', '2', '[plugins-middleware][targetRequest][GET][][][][]'),
  line(7_013, TARGET, 'error', '2', '[plugins-middleware][targetRequest error][GET][][socket hang up][ECONNRESET][3]'),
  line(7_014, '0:8000', 'error', '2', '[microgateway-core][][GET][502][socket hang up][ECONNRESET][]'),
].join('')

async function causeWhereTimeoutIs(idleTimeout: string): Promise<string> {
  const log = sandbox.write('edgemicro-gw-0aabbccd-1111-2222-3333-444455556666-1-api.log', LOG)
  const file = sandbox.write(
    'known.yaml',
    `{ source: { files: { paths: ["${log}"] } }, targets: [{ target: "${TARGET}", idleTimeout: ${idleTimeout} }], sinks: [{ stdout: {} }] }`,
  )
  const { code, stdout } = await sandbox.hangup(['run', '--once', file])
  expect(code).toBe(0)
  const [failure, ...others] = ndjson(stdout) as { edgemicro: { cause: string; evidence: { idle_ms: number } } }[]
  expect(others).toEqual([])
  expect(failure.edgemicro.evidence.idle_ms).toBe(7_000)
  return failure.edgemicro.cause
}

test('one reset is a race where its connection had been idle for the timeout that the pipeline names', async () => {
  expect(await causeWhereTimeoutIs('7s')).toBe('keepalive_race')
})

test('the same reset is a premature close where the target keeps connections for a minute', async () => {
  expect(await causeWhereTimeoutIs('60s')).toBe('premature_close')
})
