import fs from 'node:fs'
import path from 'node:path'
import { afterAll, afterEach, describe, expect, test } from '@jest/globals'
import { type CliResult, projectDirectory, Sandbox } from '../../support/cli.js'
import { answer, type ProbedTarget, startTarget } from '../../support/probed/target.js'
import { expectError } from './expect-error.js'

const sandbox = new Sandbox()
afterAll(() => sandbox.remove())

const targets: ProbedTarget[] = []
afterEach(async () => {
  for (const each of targets.splice(0)) await each.close()
})

const fixture = (name: string): Buffer => fs.readFileSync(path.join(projectDirectory, 'test/fixtures/tls', name))
const SECURE = { key: fixture('key.pem'), cert: fixture('certificate.pem') }

async function target(...parameters: Parameters<typeof startTarget>): Promise<ProbedTarget> {
  const started = await startTarget(...parameters)
  targets.push(started)
  return started
}

/** An error of the usual form that says this. */
function expectRefusal(result: CliResult, code: number, message: RegExp): void {
  expectError(result, code)
  expect(result.stderr).toMatch(message)
}

const probe = (...words: readonly string[]) => sandbox.hangup(['keepalive', 'probe', ...words])

/** Closes an idle connection after 200 ms and says that it does so after 2 s. */
const closing: Parameters<typeof startTarget>[0] = (socket, request) => {
  socket.write(answer(['Keep-Alive: timeout=2, max=100'], request.startsWith('HEAD') ? '' : 'ok'))
  setTimeout(() => socket.end(), 200)
}

describe('a target that closes idle connections', () => {
  test('is measured three times; what will be done is told before, on stderr', async () => {
    const { name, requests } = await target(closing)
    const { code, stdout, stderr } = await probe(name, '--json')
    expect(code).toBe(0)
    expect(stderr).toBe(
      `hangup: opens up to 3 connections to ${name}, one after the other, sends one HEAD / on each, and leaves each idle for up to 2m to see when the target closes it\n`,
    )
    const result = JSON.parse(stdout)
    expect(result).toMatchObject({
      target: name,
      tls: false,
      method: 'HEAD',
      path: '/',
      times: 3,
      state: 'measured',
      closed_by: 'fin',
      open_for_ms: null,
      header: { timeout_ms: 2_000, max: 100 },
      status: 200,
    })
    expect(result.low_ms).toBeGreaterThan(0)
    expect(result.idle_timeout_ms).toBeGreaterThanOrEqual(result.low_ms)
    expect(result.high_ms).toBeGreaterThanOrEqual(result.idle_timeout_ms)
    expect(result.spread_ms).toBeCloseTo(result.high_ms - result.low_ms, 0)
    expect(result.difference_ms).toBeCloseTo(result.idle_timeout_ms - 2_000, 0)
    expect(result.connections).toHaveLength(3)
    expect(requests).toHaveLength(3)
  })

  test('is told in words, with what to set and what its own announcement is worth', async () => {
    const { name, requests } = await target(closing)
    const { code, stdout } = await probe(name, '--times', '1', '--method', 'get', '--path', '/health?a=1')
    expect(code).toBe(0)
    const [measured, announced, , advice] = stdout.split('\n')
    expect(measured).toMatch(
      /^127\.0\.0\.1:\d+ closes idle connections after \d\.\d{3} s \(1 of 1 connection\), in order/,
    )
    expect(announced).toMatch(/^it announces Keep-Alive: timeout=2, max=100/)
    expect(advice).toMatch(/hangup keepalive plugin --for 127\.0\.0\.1:\d+=\d+ms$/)
    expect(requests[0]).toMatch(/^GET \/health\?a=1 HTTP\/1\.1\r\n/)
  })

  test('over TLS is measured when its certificate is accepted, or needs not be', async () => {
    const { name, requests } = await target(closing, SECURE)
    const refused = await probe(name, '--tls', '--servername', 'target.example')
    expectRefusal(refused, 1, /the certificate is not accepted \(DEPTH_ZERO_SELF_SIGNED_CERT\)/)
    const accepted = await probe(
      name,
      '--tls',
      '--servername',
      'target.example',
      '--insecure',
      '--times',
      '1',
      '--json',
    )
    expect(accepted.code).toBe(0)
    expect(JSON.parse(accepted.stdout)).toMatchObject({ tls: true, state: 'measured', closed_by: 'fin' })
    expect(requests[0]).toContain(`\r\nHost: target.example:${name.split(':')[1]}\r\n`)
  })
})

test('a target that keeps its connections is told of, and is no failure', async () => {
  const { name } = await target((socket) => socket.write(answer([], '')))
  const { code, stdout } = await probe(name, '--max-wait', '100ms')
  expect(code).toBe(0)
  expect(stdout).toMatch(/^127\.0\.0\.1:\d+ had not closed the idle connection after \d+ ms\n/)
  const json = JSON.parse((await probe(name, '--max-wait', '100ms', '--json')).stdout)
  expect(json).toMatchObject({ state: 'open', idle_timeout_ms: null, closed_by: null, header: null })
  expect(json.open_for_ms).toBeGreaterThan(0)
})

test('a target that ends each connection with its answer is told of, and is no failure', async () => {
  const { name } = await target((socket) => socket.end(answer(['Connection: close'], '')))
  const { code, stdout } = await probe(name)
  expect(code).toBe(0)
  expect(stdout).toMatch(/keeps no connection: it ends each one with its answer/)
})

describe('a target that cannot be measured', () => {
  test('as it refuses ends with 1', async () => {
    const gone = await startTarget(() => {})
    await gone.close()
    expectRefusal(await probe(gone.name), 1, new RegExp(`connection refused: ${gone.name}`))
  })

  test('as it wants TLS ends with 1 and says so', async () => {
    const { name } = await target(closing, SECURE)
    const { code, stderr } = await probe(name)
    expect(code).toBe(1)
    expect(stderr).toMatch(/--tls/)
  })

  test('as it speaks no TLS ends with 1 and says so', async () => {
    const { name } = await target(
      (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'),
      undefined,
      () => true,
    )
    const { code, stderr } = await probe(name, '--tls')
    expect(code).toBe(1)
    expect(stderr).toMatch(/the TLS handshake failed.*\n.*without --tls/)
  })
})

test.each([
  ['no target', [], /argument missing: HOST:PORT/],
  ['a target without a port', ['example.com'], /not a target: example\.com/],
  ['two targets', ['a:1', 'b:2'], /too many arguments/],
  ['a method that could change something', ['a:1', '--method', 'POST'], /not a method of the probe: POST/],
  ['a path with a line break', ['a:1', '--path', '/x\r\nEvil: 1'], /not a path/],
  ['a server name with a line break', ['a:1', '--servername', 'x\r\ny'], /not a host name/],
  ['more than a handful of connections', ['a:1', '--times', '11'], /not a count from 1 to 10/],
  ['more than a handful at once', ['a:1', '--at-once', '6'], /not a count from 1 to 5/],
  ['a wait without an end', ['a:1', '--max-wait', '2h'], /not a time up to 1h/],
  ['no certificate to accept', ['a:1', '--insecure'], /--insecure without --tls/],
  ['an option of another action', ['a:1', '--out', 'x'], /unknown option: --out/],
])('%s is wrong usage, and nothing is touched', async (_, words, message) => {
  const result = await probe(...words)
  expectRefusal(result, 2, message)
  expect(result.stderr).not.toContain('hangup: opens')
})

test('an action that there is not is wrong usage', async () => {
  expectRefusal(await sandbox.hangup(['keepalive', 'prove']), 2, /unknown command: prove/)
})
