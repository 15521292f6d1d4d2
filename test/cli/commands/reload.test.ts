import fs from 'node:fs'
import { afterAll, expect, test } from '@jest/globals'
import { finished, ndjson, Sandbox, told } from '../../support/cli.js'
import { clientHalf, infoLine, targetHalf } from '../../support/lines.js'

const sandbox = new Sandbox()
const LOG = 'logs/edgemicro-gw-027cea80-e6eb-11f1-92ab-a95a4d190f64-1-api.log'

afterAll(() => sandbox.remove())

const pipeline = (join: string) => `
name: reloaded
source: { tail: { paths: ["${sandbox.path('logs')}"] } }
join: ${join}
sinks: [{ duckdb: { path: "${sandbox.path('store.duckdb')}" } }]
state: { directory: "${sandbox.path('state')}" }
http: { listen: "127.0.0.1:0" }
`

let requests = 0

/** Some requests, each of which fails. */
function append(count: number): void {
  let text = ''
  for (let i = 0; i < count; i++, requests++) {
    const at = requests * 50
    const correlationId = `6b089a00-d3d6-11eb-95aa-${requests.toString(16).padStart(12, '0')}`
    const lines = [
      infoLine({ at, correlationId }),
      targetHalf({ at: at + 5, correlationId }),
      clientHalf({ at: at + 6, correlationId }),
    ]
    text += lines.map((line) => `${line}\n`).join('')
  }
  fs.appendFileSync(sandbox.path(LOG), text)
}

async function metric(url: string, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text()
  return [...text.matchAll(new RegExp(`^${name}(?:\\{.*\\})? (\\S+)$`, 'gm'))].reduce(
    (sum, [, value]) => sum + Number(value),
    0,
  )
}

/** Asks again and again: the run reads on meanwhile. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 50))
}

test('SIGHUP hands a pipeline over, refuses a bad one, and loses and doubles nothing', async () => {
  const file = sandbox.write('reloaded.yaml', pipeline('{}'))
  sandbox.write(LOG, '')
  append(500)
  const child = sandbox.start(['run', file])
  const ended = finished(child, ['run'], 60_000)
  const url = await told(child, /"url":"([^"]+)"/)
  await until(async () => (await metric(url, 'hangup_requests_total')) === 500)

  append(200)
  fs.writeFileSync(file, pipeline('{ windov: 4s }'))
  child.kill('SIGHUP')
  await told(child, /(new pipeline refused)/)
  append(200)
  await until(async () => (await metric(url, 'hangup_requests_total')) === 900)

  fs.writeFileSync(file, pipeline('{ window: 4s }'))
  const restarted = told(child, /"msg":"reloading"[\s\S]*("msg":"started")/)
  child.kill('SIGHUP')
  append(300)
  await restarted
  append(300)
  await until(async () => (await metric(url, 'hangup_requests_total')) === 1500)
  await until(async () => (await metric(url, 'hangup_failures_total')) === 1500)
  expect(await metric(url, 'hangup_lines_total')).toBe(4500)

  child.kill('SIGTERM')
  const { code, stderr } = await ended
  expect(code).toBe(143)
  expect(ndjson(stderr).filter(({ msg }) => msg === 'stopped')).toHaveLength(2)
  expect(stderr).toContain('windov')
  expect(await sandbox.hangup(['verify', file])).toMatchObject({ code: 0 })
})
