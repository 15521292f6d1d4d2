import fs from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { readExposition } from '../observability/exposition.js'
import { finished, Sandbox, told } from '../support/cli.js'
import { count, eventually } from '../support/elasticsearch/cluster.js'
import { startElasticsearch } from '../support/elasticsearch/server.mjs'
import { clientHalf, targetHalf } from '../support/lines.js'

const FAILURES = 100_000
/** What may wait for the store: a full queue, and what one block of lines adds to it. */
const MAX_UNSENT = 30_000
const MAX_RESIDENT_MB = 700

const sandbox = new Sandbox()
let server: Awaited<ReturnType<typeof startElasticsearch>>
let child: ReturnType<Sandbox['start']> | undefined

beforeAll(async () => {
  server = await startElasticsearch()
}, 300_000)

afterAll(async () => {
  child?.kill('SIGKILL')
  await server?.remove()
  sandbox.remove()
})

test('while the server is away little is held in memory and the log is not read on; back again, all of it is stored', async () => {
  const log = sandbox.write('edgemicro-gw-1-1-api.log', failures())
  const pipeline = sandbox.write(
    'away.yaml',
    `source: { tail: { paths: [${JSON.stringify(log)}] } }
sinks: [{ elasticsearch: { node: '${server.url}', prefix: away } }]
state: { directory: ${JSON.stringify(sandbox.path('state'))} }
http: { listen: '127.0.0.1:0' }
`,
  )
  child = sandbox.start(['run', pipeline])
  const ended = finished(child, ['run'], 240_000)
  const url = await told(child, /"url":"(http:[^"]+)"/)
  const metric = async (name: string): Promise<number> => {
    const bytes = Buffer.from(await (await fetch(`${url}/metrics`)).arrayBuffer())
    return readExposition(bytes).value(name) ?? 0
  }
  await eventually('documents are stored', async () => (await count('away-failures*', server)) > 0)
  await server.kill()

  let readBytes = 0
  await eventually('reading waits', async () => {
    const before = readBytes
    await sleep(2_000)
    readBytes = await metric('hangup_read_bytes_total')
    return readBytes === before
  })
  expect(readBytes).toBeLessThan(fs.statSync(log).size)
  const unsent = await metric('hangup_unsent_documents')
  expect(unsent).toBeGreaterThan(0)
  expect(unsent).toBeLessThan(MAX_UNSENT)
  expect(peakResidentMb(child.pid!)).toBeLessThan(MAX_RESIDENT_MB)

  await server.restart()
  await eventually(
    'all is stored',
    async () => (await metric('hangup_unsent_documents')) === 0 && (await count('away-failures*', server)) === FAILURES,
    120_000,
  )
  expect(peakResidentMb(child.pid!)).toBeLessThan(MAX_RESIDENT_MB)
  child.kill('SIGTERM')
  expect(await ended).toMatchObject({ code: 143 })
}, 300_000)

function failures(): string {
  const lines: string[] = []
  for (let number = 0; number < FAILURES; number++) {
    const correlationId = `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`
    lines.push(targetHalf({ at: number * 30, correlationId }), clientHalf({ at: number * 30 + 1, correlationId }))
  }
  return `${lines.join('\n')}\n`
}

/** The most that a process has held so far. */
function peakResidentMb(pid: number): number {
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))!
  return Number(kilobytes) / 1024
}
