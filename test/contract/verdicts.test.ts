import { describe, expect, test } from '@jest/globals'
import { analyze } from '../../src/pipeline/analyze.js'
import type { FailureDocument } from '../../src/records.js'
import { REDACT_ALL, Redactor } from '../../src/redact/redactor.js'
import { FilesSource } from '../../src/sources/files.js'
import { corpusRun, RUNS, type TrueRequest } from '../support/truth.js'

type Verdicts = readonly (readonly [FailureDocument, TrueRequest])[]

const judged = new Map<string, Promise<Verdicts>>()

/** Each failure of a run with what really happened to it. */
function verdictsOf(name: string): Promise<Verdicts> {
  const known = judged.get(name) ?? judge(name)
  judged.set(name, known)
  return known
}

async function judge(name: string): Promise<Verdicts> {
  const run = corpusRun(name)
  const documents: FailureDocument[] = []
  await analyze({
    source: new FilesSource({
      paths: run.logs.map(({ file }) => file),
      onProblem: (problem) => {
        throw problem
      },
    }),
    redactor: new Redactor(REDACT_ALL, new Uint8Array(32)),
    onDocuments: (some) => {
      for (const each of some) if (each.kind === 'failure') documents.push(each.document)
    },
    signal: new AbortController().signal,
  })
  return documents.flatMap((document) => {
    const truth = run.requests.get(document.http.request.id ?? '')
    return truth === undefined ? [] : [[document, truth] as const]
  })
}

/** At level warn or error there are no lines of the requests that went well. */
const hasInfo = (name: string): boolean => ['info', 'debug'].includes(corpusRun(name).truth.gateway.level)

const ofCause = (verdicts: Verdicts, cause: string): Verdicts => verdicts.filter(([, truth]) => truth.cause === cause)
const told = (verdicts: Verdicts, cause: string): Verdicts =>
  verdicts.filter(([{ edgemicro }]) => edgemicro.cause === cause)

describe.each(RUNS.filter(hasInfo))('of the failures of %s', (name) => {
  test('none is called a keep-alive race that was none', async () => {
    const races = told(await verdictsOf(name), 'keepalive_race')
    expect(races.filter(([, truth]) => truth.cause !== 'keepalive_race')).toEqual([])
  })

  test('the keep-alive races are found, 95 of 100 at least, and hardly one is called a premature close', async () => {
    const races = ofCause(await verdictsOf(name), 'keepalive_race')
    expect(told(races, 'keepalive_race').length).toBeGreaterThanOrEqual(0.95 * races.length)
    expect(told(races, 'premature_close').length).toBeLessThanOrEqual(0.01 * races.length)
  })

  test('the premature closes are found, or left open where they may be races', async () => {
    const closes = ofCause(await verdictsOf(name), 'premature_close')
    const open = told(closes, 'undetermined')
    expect(told(closes, 'premature_close').length + open.length).toBe(closes.length)
    expect(open.length).toBeLessThanOrEqual(0.2 * closes.length)
  })
})

test('the runs hold hundreds of both', () => {
  const causes = RUNS.filter(hasInfo).flatMap((name) => corpusRun(name).truth.requests.map(({ cause }) => cause))
  expect(causes.filter((cause) => cause === 'keepalive_race').length).toBeGreaterThan(500)
  expect(causes.filter((cause) => cause === 'premature_close').length).toBeGreaterThan(400)
})

describe.each(RUNS.filter((name) => !hasInfo(name)))('of the failures of %s, which lacks info lines,', (name) => {
  test('no race and no premature close is told', async () => {
    const verdicts = await verdictsOf(name)
    expect([...told(verdicts, 'keepalive_race'), ...told(verdicts, 'premature_close')]).toEqual([])
  })
})
