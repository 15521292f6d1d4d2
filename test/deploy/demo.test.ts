import fs from 'node:fs'
import http from 'node:http'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { ndjson, projectDirectory, Sandbox } from '../support/cli.js'
import { type Running, startProcess, until } from '../support/deploy/process.js'

const DEMO = path.join(projectDirectory, 'deploy/demo')

const sandbox = new Sandbox()
let target: Running
let gateway: Running
let url: string
let log: string

beforeAll(async () => {
  target = start('target', { TARGET_PORT: '0', TARGET_FAULTS: '0.5' })
  const [, address] = await told(target, /listens on (\S+)\n/)
  gateway = start('gateway', {
    GATEWAY_PORT: '0',
    GATEWAY_LOGS: sandbox.directory,
    GATEWAY_NAME: 'emg-demo-01',
    GATEWAY_TARGETS: `/orders=${address}`,
    GATEWAY_TIMEOUT_MS: '700',
  })
  const [, port, file] = await told(gateway, /listens on port (\d+), logs to (\S+)\n/)
  url = `http://127.0.0.1:${port}`
  log = file
})

afterAll(async () => {
  for (const each of [target, gateway]) each?.signal('SIGKILL')
  await Promise.all([target?.ended, gateway?.ended])
  sandbox.remove()
})

function start(name: string, environment: Record<string, string>): Running {
  return startProcess(name, ['node', path.join(DEMO, `${name}.mjs`)], { cwd: sandbox.directory, environment })
}

async function told(process: Running, pattern: RegExp): Promise<RegExpExecArray> {
  await until(String(pattern), () => pattern.test(process.output()), process)
  return pattern.exec(process.output()) ?? ([] as unknown as RegExpExecArray)
}

/** What a client of the gateway sees: its status, `aborted` where the answer breaks off. */
function ask(requestPath: string, method: string): Promise<string> {
  return new Promise((resolve) => {
    const request = http.request(
      `${url}${requestPath}`,
      { method, headers: { 'x-api-key': 'demoKey0001' } },
      (response) => {
        response.on('error', () => resolve('aborted'))
        response.on('end', () => resolve(String(response.statusCode)))
        response.resume()
      },
    )
    request.on('error', (error) => resolve(error.message))
    request.end(method === 'POST' ? 'x'.repeat(1_000) : undefined)
  })
}

function tally(values: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1
  return counts
}

describe('the gateway of the demo', () => {
  let seen: readonly string[]

  beforeAll(async () => {
    const lanes = Array.from({ length: 10 }, async (_, lane) => {
      const answers: string[] = []
      for (let i = 0; i < 16; i++) answers.push(await ask(`/orders/${lane}?secret=${i}`, i % 3 === 0 ? 'POST' : 'GET'))
      return answers
    })
    seen = [...(await Promise.all(lanes)).flat(), await ask('/nowhere/1', 'GET')]
  })

  test('meets failures of several kinds', () => {
    expect(Object.keys(tally(seen))).toEqual(expect.arrayContaining(['200', '404', '502', '504', 'aborted']))
  })

  test('writes a log out of which hangup reads what its clients saw', async () => {
    const { stdout, code } = await sandbox.hangup(['failures', log])
    const found = ndjson(stdout).map(({ http: { response }, edgemicro: { cause } }) =>
      cause === 'response_aborted' ? 'aborted' : String(response.status_code),
    )
    const { 200: _, ...failed } = tally(seen)
    expect({ code, found: tally(found) }).toEqual({ code: 0, found: failed })
  })

  test('writes records of the gateway and nothing else, each request with its target', async () => {
    const { stdout } = await sandbox.hangup(['report', '--json', log])
    const { ledger, requests } = JSON.parse(stdout)
    expect(ledger).toMatchObject({ rejections: 0, continuations: 0, plain: 3 })
    expect(requests).toBe(seen.length - 1)
    const lines = fs.readFileSync(log, 'utf8').split('\n')
    expect(lines.filter((line) => line.includes('[targetRequest]')).length).toBe(seen.length - 1)
    // Sixteen fields behind the time of each event, as the real one writes them.
    const events = lines.filter((line) => / \[/.test(line))
    expect(new Set(events.map((line) => line.split('][').length))).toEqual(new Set([16]))
  })

  test('names and closes its log as the gateway does: for its own user alone', () => {
    expect(path.basename(log)).toMatch(/^edgemicro-emg-demo-01-[0-9a-f-]{36}-1-api\.log$/)
    expect(fs.statSync(log).mode & 0o777).toBe(0o600)
  })

  test('keeps connections, which the target closes when they are idle', async () => {
    const port = /:(\d+)$/.exec(target.output().trim())?.[1]
    const agent = new http.Agent({ keepAlive: true })
    const closed = await new Promise((resolve) => {
      const tryOnce = (): void => {
        const request = http.get({ port, host: '127.0.0.1', agent }, (response) => {
          response.on('error', tryOnce)
          response.on('end', () => request.socket?.once('close', () => resolve('closed')))
          response.resume()
        })
        request.on('error', tryOnce)
      }
      tryOnce()
    })
    expect(closed).toBe('closed')
  })

  test('ends at once, as its target does, when it is told to', async () => {
    for (const each of [gateway, target]) each.signal('SIGTERM')
    expect(await Promise.all([gateway.ended, target.ended])).toMatchObject([{ code: 0 }, { code: 0 }])
    expect(fs.readFileSync(log, 'utf8')).toMatch(/ emitWorkerDisconnect 1 \n$/)
  })
})
