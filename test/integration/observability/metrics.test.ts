import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, describe, expect, test } from '@jest/globals'
import { corpusLogs } from '../../fault/logs.js'
import { type Exposition, readExposition } from '../../observability/exposition.js'
import { finished, Sandbox, told } from '../../support/cli.js'
import { RUNS } from '../../support/truth.js'

const sandbox = new Sandbox()

afterAll(() => sandbox.remove())

/** What a run is asked for: a hostile name of an API too, which is a url of a client. */
const HOSTILE =
  '2021-06-23T03:52:24.110Z [error][0:8000][3][myorg][test][a"b\\c%22/x][1.2.3.4][key][6b089a00-0000-4000-8000-000000000001][microgateway-core][][GET][502][socket hang up][ECONNRESET][]\n'

const logs = RUNS.filter((run) => !run.includes('console')).flatMap(corpusLogs)
for (const { name, bytes } of logs) sandbox.write(`logs/${name}`, bytes)
sandbox.write('logs/edgemicro-hostile-1-api.log', HOSTILE)

const pipeline = sandbox.write(
  'observed.yaml',
  `source: { tail: { paths: [${JSON.stringify(sandbox.path('logs', '*.log'))}] } }
sinks: [{ duckdb: { path: ${JSON.stringify(sandbox.path('store.duckdb'))} } }]
state: { directory: ${JSON.stringify(sandbox.path('state'))} }
http: { listen: '127.0.0.1:0' }
`,
)

/** A run that follows its logs, and where it serves. */
async function follow() {
  const commandLine = ['run', pipeline]
  const child = sandbox.start(commandLine)
  const ended = finished(child, commandLine, 120_000)
  const url = await told(child, /"url":"(http:[^"]+)"/)
  return { child, ended, url }
}

async function scrape(url: string): Promise<{ exposition: Exposition; bytes: Buffer }> {
  const response = await fetch(`${url}/metrics`)
  expect([response.status, response.headers.get('content-type')]).toEqual([
    200,
    'text/plain; version=0.0.4; charset=utf-8',
  ])
  const bytes = Buffer.from(await response.arrayBuffer())
  return { exposition: readExposition(bytes), bytes }
}

/** A report knows all resets of a target before it names their causes; a run that follows names what one failure tells. */
function ofHalves(byCause: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  const { keepalive_race = 0, premature_close = 0, undetermined = 0, ...others } = byCause
  return { ...others, ofResets: keepalive_race + premature_close + undetermined }
}

describe('the metrics of a run that follows logs', () => {
  test('are what report says of the same logs, and promtool takes them', async () => {
    const { stdout } = await sandbox.hangup(['report', '--json', sandbox.path('logs')])
    const report = JSON.parse(stdout)
    const { child, ended, url } = await follow()
    let { exposition, bytes } = await scrape(url)
    // Failures with one half come when their source has been silent for ten seconds.
    while (
      child.exitCode === null &&
      Object.values(exposition.sumsBy('hangup_failures_total', 'code')).reduce((a, b) => a + b, 0) < report.failures
    ) {
      await sleep(200)
      ;({ exposition, bytes } = await scrape(url))
    }
    expect([(await fetch(`${url}/readyz`)).status, (await fetch(`${url}/livez`)).status]).toEqual([200, 200])
    child.kill('SIGTERM')
    expect(await ended).toMatchObject({ code: 143 })

    const { sumsBy, value } = exposition
    const { events, plain, stats, continuations, rejections } = report.ledger
    expect(sumsBy('hangup_lines_total', 'kind')).toEqual({
      event: events,
      plain,
      stats,
      continuation: continuations,
      rejection: rejections,
    })
    const known = Object.entries(sumsBy('hangup_requests_total', 'target'))
    expect(known.reduce((sum, [, count]) => sum + count, 0)).toBe(report.requests)
    expect(sumsBy('hangup_failures_total', 'code')).toEqual(report.by_code)
    expect(ofHalves(sumsBy('hangup_failures_total', 'cause'))).toEqual(ofHalves(report.by_cause))
    const failing = report.targets.filter(({ failures }: { failures: number }) => failures > 0)
    expect(sumsBy('hangup_failures_total', 'target')).toEqual(
      Object.fromEntries(
        failing.map(({ target, failures }: { target: string; failures: number }) => [target, failures]),
      ),
    )
    expect(sumsBy('hangup_failures_total', 'proxy')['a"b\\c%22']).toBe(1)
    expect(value('hangup_read_bytes_total')).toBe(
      fs.readdirSync(sandbox.path('logs')).reduce((sum, name) => sum + fs.statSync(sandbox.path('logs', name)).size, 0),
    )
    expect(value('hangup_replayed_bytes_total')).toBe(0)

    const checked = spawnSync('promtool', ['check', 'metrics'], { input: bytes, encoding: 'utf8' })
    expect(checked.error).toBeUndefined()
    // What prom-client names after the manner of Node is not ours.
    const faults = `${checked.stdout}${checked.stderr}`
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('nodejs_'))
    expect(faults).toEqual([])
    expect(checked.status).toBe(3)
  }, 120_000)

  test('begin at nought in a new process, which reads again and counts nothing again', async () => {
    const { child, ended, url } = await follow()
    let { value, sumsBy } = (await scrape(url)).exposition
    while (child.exitCode === null && (value('hangup_checkpoint_timestamp_seconds') ?? 0) === 0) {
      await sleep(100)
      ;({ value, sumsBy } = (await scrape(url)).exposition)
    }
    child.kill('SIGTERM')
    await ended
    expect(value('hangup_replayed_bytes_total')).toBeGreaterThan(0)
    expect(value('hangup_replayed_bytes_total')).toBe(value('hangup_read_bytes_total'))
    expect([sumsBy('hangup_requests_total', 'target'), sumsBy('hangup_failures_total', 'target')]).toEqual([{}, {}])
    expect(Object.values(sumsBy('hangup_lines_total', 'kind'))).toEqual([0, 0, 0, 0, 0])
  }, 60_000)
})
