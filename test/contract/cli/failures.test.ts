import path from 'node:path'
import { afterAll, describe, expect, test } from '@jest/globals'
import { type CliResult, ndjson, Sandbox } from '../../support/cli.js'
import { type CorpusRun, corpusRun, RUNS } from '../../support/truth.js'
import { type ExpectedFailure, expectedFailures, provenCauses } from './expected-failures.js'
import type { OracleEvent } from './oracle.js'
import { leaks } from './secrets.js'

const sandbox = new Sandbox()
const results = new Map<string, Promise<CliResult>>()
const documents = new Map<string, readonly Document[]>()

/** Causes that leave a text or code of their own in the log. */
const PROVABLE = new Set([
  'target_timeout',
  'connect_refused',
  'connect_timeout',
  'host_unreachable',
  'dns_notfound',
  'tls_aborted',
  'tls_certificate',
  'bad_response',
])

afterAll(() => sandbox.remove())

describe.each(RUNS)('failures, on %s,', (name) => {
  const run = corpusRun(name)
  const expected = expectedFailures(run)

  test('prints one document for each failure in the log and none for any other request', async () => {
    const { code, stdout, stderr } = await failures(run)
    expect({ code, leaks: leaks(run, stdout + stderr) }).toEqual({ code: 0, leaks: [] })
    expect(ndjson(stdout).map(idOf).sort()).toEqual(expected.map((failure) => failure.correlationId).sort())
  })

  test('has the right halves, target, status, code, message and method in each', async () => {
    for (const [failure, document] of await pairs(run, expected)) {
      expect(factsIn(document)).toEqual(factsOf(failure))
      const elapsedMs = failure.target.length === 1 ? failure.target[0].timeTakenMs : null
      if (elapsedMs !== null) expect(document.event.duration).toBe(elapsedMs * 1e6)
    }
  })

  test('names the target that the truth knows, and marks one that it only inferred', async () => {
    for (const [failure, document] of await pairs(run, expected)) {
      const truth = run.requests.get(failure.correlationId ?? '')
      const { target, target_source: source } = document.edgemicro
      if (failure.target.length > 0) expect([target, source]).toEqual([truth?.target ?? failure.target[0].host, 'log'])
      else if (target === null) expect(source).toBe('unknown')
      else expect([target, source]).toEqual([truth?.target ?? expect.any(String), 'inferred'])
      const [address, port] = target === null ? [null, null] : target.split(':')
      expect(document.server).toEqual({ address, port: port === null ? null : Number(port) })
    }
  })

  test('tells which worker, gateway, organisation, proxy and path each belongs to', async () => {
    for (const [failure, document] of await pairs(run, expected)) {
      const half = halfOf(failure)
      const truth = run.requests.get(failure.correlationId ?? '')
      expect(document.edgemicro).toMatchObject({ gateway: run.gateway, worker: half.pid, org: half.org, env: half.env })
      if (!isHostile(half) || document.client.ip !== null) expect(document.client.ip).toBe(half.clientIp)
      if (truth?.worker) expect(document.edgemicro.worker).toBe(String(truth.worker))
      if (truth && !isHostile(half)) {
        expect(document.url.path).toBe(`/${half.url?.split(/[?#]/)[0]}`)
        expect(document.edgemicro.proxy).toBe(truth.base_path?.slice(1))
      } else if (half.url) {
        // Where an attacker left the url's end open, the shortest reading stands.
        expect(`/${half.url}`).toContain(document.url.path)
      }
    }
  })

  test('points at a line of the failure itself', async () => {
    for (const [failure, document] of await pairs(run, expected)) {
      const log = run.logs.find(({ file }) => path.basename(file) === path.basename(document.log.file.path))
      const line = Buffer.from(log?.text ?? '')
        .subarray(document.log.offset)
        .toString()
        .split('\n', 1)[0]
      expect(
        line.startsWith(document['@timestamp']) || failure.target.some((half) => line.startsWith(half.timestamp)),
      ).toBe(true)
      if (failure.correlationId !== null) expect(line).toContain(`][${failure.correlationId}][`)
    }
  })

  test('names every cause that the two halves prove and never a wrong one', async () => {
    for (const [failure, document] of await pairs(run, expected)) {
      const truth = run.requests.get(failure.correlationId ?? '')
      const allowed = new Set(provenCauses(failure))
      // An older gateway logs a response that was cut by a reset as if it had never begun.
      if (truth?.cause === 'response_aborted') allowed.add('response_aborted')
      const { cause, confidence } = document.edgemicro
      expect({ id: failure.correlationId, cause: allowed.has(cause) ? 'right' : cause }).toEqual({
        id: failure.correlationId,
        cause: 'right',
      })
      expect(confidence).toBeGreaterThanOrEqual(0)
      expect(confidence).toBeLessThanOrEqual(1)
    }
  })

  test('agrees with the truth wherever the truth has a cause that a log can prove', async () => {
    for (const [failure, document] of await pairs(run, expected)) {
      const truth = run.requests.get(failure.correlationId ?? '')
      if (truth && PROVABLE.has(truth.cause)) expect(document.edgemicro.cause).toBe(truth.cause)
    }
  })

  test('has the status and code that the client really got', async () => {
    for (const [failure, document] of await pairs(run, expected)) {
      const saw = run.requests.get(failure.correlationId ?? '')?.client_saw
      // A client that had begun to read a response, or had gone, saw something else than the gateway meant to say.
      if (failure.client === null || saw === undefined || saw.status < 400) continue
      expect([document.http.response.status_code, document.error.code]).toEqual([saw.status, saw.code])
    }
  })

  test('comes in the order in which the failures were complete: of their last halves', async () => {
    const completed = new Map(
      (await pairs(run, expected)).map(([failure, document]) => [document, completedAt(failure)]),
    )
    const times = (await documentsOf(run)).map((document) => completed.get(document))
    expect(times).toEqual([...times].sort())
  })

  test('is explained to whoever asks for it, without a secret', async () => {
    const id = expected.find((failure) => failure.correlationId !== null)?.correlationId
    if (!id) return
    const { code, stdout, stderr } = await sandbox.hangup(['explain', id, ...run.logs.map((log) => log.file)])
    expect({ code, leaks: leaks(run, stdout + stderr) }).toEqual({ code: 0, leaks: [] })
    expect(stdout).toContain(id)
    const target = expected.find((failure) => failure.correlationId === id)?.target[0]?.host
    if (target) expect(stdout).toContain(target)
  })
})

function failures(run: CorpusRun): Promise<CliResult> {
  const known = results.get(run.name)
  if (known !== undefined) return known
  const logs = run.logs.map((log) => log.file)
  const result = sandbox.hangup(['failures', '--gateway-config', run.configuration, ...logs])
  results.set(run.name, result)
  return result
}

type Document = ReturnType<typeof ndjson>[number]

async function documentsOf(run: CorpusRun): Promise<readonly Document[]> {
  const parsed = documents.get(run.name) ?? ndjson((await failures(run)).stdout)
  documents.set(run.name, parsed)
  return parsed
}

/** Each expected failure with its document; those without a correlation id in the order of their times. */
async function pairs(
  run: CorpusRun,
  expected: readonly ExpectedFailure[],
): Promise<readonly [ExpectedFailure, Document][]> {
  const ofRun = await documentsOf(run)
  const byId = new Map(ofRun.map((document) => [idOf(document), document]))
  const withoutId = ofRun.filter((document) => idOf(document) === null).sort(byTime)
  const expectedWithoutId = expected.filter((failure) => failure.correlationId === null)
  const inOrder = [...expectedWithoutId].sort((a, b) => (halfOf(a).timestamp < halfOf(b).timestamp ? -1 : 1))
  return expected.map((failure) => [
    failure,
    failure.correlationId === null ? withoutId[inOrder.indexOf(failure)] : byId.get(failure.correlationId),
  ])
}

function byTime(a: Document, b: Document): number {
  return a['@timestamp'] < b['@timestamp'] ? -1 : 1
}

function idOf(document: Document): string | null {
  return document.http.request.id
}

function halfOf(failure: ExpectedFailure): OracleEvent {
  return (failure.client ?? failure.target[0]) as OracleEvent
}

function completedAt(failure: ExpectedFailure): string | undefined {
  const halves = failure.client === null ? failure.target : [...failure.target, failure.client]
  return halves
    .map((half) => half.timestamp)
    .sort()
    .at(-1)
}

function isHostile(half: OracleEvent): boolean {
  return /[[\]]/.test(`${half.host}${half.url}${half.clientId}`) || half.url?.startsWith('http:') === true
}

/** What the log itself decides of a document. */
function factsOf(failure: ExpectedFailure): unknown {
  const { client, target } = failure
  const half = halfOf(failure)
  return {
    timestamp: half.timestamp,
    id: failure.correlationId,
    method: half.method,
    status: client === null ? 'any' : client.status,
    error: { code: half.errorCode, message: half.errorMessage },
    halves: client === null ? 'target' : target.length === 0 ? 'client' : 'both',
  }
}

function factsIn(document: Document): unknown {
  const { request, response } = document.http
  const { halves } = document.edgemicro
  return {
    timestamp: document['@timestamp'],
    id: request.id,
    method: request.method,
    status: halves === 'target' ? 'any' : response.status_code,
    error: document.error,
    halves,
  }
}
