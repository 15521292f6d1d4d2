import { beforeAll, describe, expect, test } from '@jest/globals'
import { compare, type Judged, reliability, scores } from '../../bench/why/score.mjs'
import { analyze } from '../../src/pipeline/analyze.js'
import { openLogs } from '../../src/pipeline/open-logs.js'
import type { FailureDocument } from '../../src/records.js'
import { Redactor, SHOW_ALL } from '../../src/redact/redactor.js'
import { corpusRun, RUNS } from '../support/truth.js'

/** Least precision and recall of each cause. */
const LEAST: Readonly<Record<string, readonly [number, number]>> = {
  keepalive_race: [0.995, 0.98],
  premature_close: [0.95, 0.95],
}
const OTHERS = [0.97, 0.97] as const

const withInfo: Judged[] = []
const withoutInfo: Judged[] = []

beforeAll(async () => {
  for (const name of RUNS) {
    const { level } = corpusRun(name).truth.gateway
    const rows = level === 'warn' || level === 'error' ? withoutInfo : withInfo
    rows.push(...compare({ truth: corpusRun(name).truth, documents: await failuresOf([name]) }))
  }
}, 120_000)

describe('verdicts of a real gateway, no timeout given, beside what really happened', () => {
  test('of info lines: each cause is right and found', () => {
    const found = scores(withInfo)
    expect(found.length).toBeGreaterThan(10)
    const faults = found.flatMap(({ cause, happened, said, right }) => {
      const [precision, recall] = LEAST[cause] ?? OTHERS
      const isGood = right >= precision * said && right >= recall * happened
      return isGood ? [] : [`${cause}: ${happened} happened, ${said} said, ${right} right`]
    })
    expect(faults).toEqual([])
  })

  test('of warn and error lines alone: no verdict is wrong', () => {
    expect(withoutInfo.length).toBeGreaterThan(300)
    expect(withoutInfo.filter(({ right, cause }) => !right && cause !== 'undetermined')).toEqual([])
  })

  test('as many are right as their confidence says', () => {
    const bins = reliability([...withInfo, ...withoutInfo]).filter(({ count }) => count >= 20)
    expect(bins.length).toBeGreaterThan(3)
    for (const { count, mean, right } of bins) expect(right / count).toBeGreaterThan(mean - 0.05)
  })

  test('of all gateways at once, where one name means another server to each of them', async () => {
    const requests = RUNS.flatMap((name) => corpusRun(name).truth.requests)
    const rows = compare({ truth: { requests }, documents: await failuresOf(RUNS) })
    const precisionOf = (wanted: string): number => {
      const { right = 0, said = 1 } = scores(rows).find(({ cause }) => cause === wanted) ?? {}
      return right / said
    }
    expect(precisionOf('keepalive_race')).toBeGreaterThan(0.995)
    expect(precisionOf('premature_close')).toBeGreaterThan(0.95)
    const bins = reliability(rows).filter(({ count }) => count >= 20)
    for (const { count, mean, right } of bins) expect(right / count).toBeGreaterThan(mean - 0.05)
  })
})

async function failuresOf(names: readonly string[]): Promise<FailureDocument[]> {
  const failures: FailureDocument[] = []
  const { source } = await openLogs({
    inputs: names.flatMap((name) => corpusRun(name).logs.map(({ file }) => file)),
    stdin: process.stdin,
    onProblem: (problem) => {
      throw problem
    },
  })
  await analyze({
    source,
    redactor: new Redactor(SHOW_ALL, new Uint8Array(0)),
    onDocuments: (documents) => {
      for (const each of documents) if (each.kind === 'failure') failures.push(each.document)
    },
    signal: new AbortController().signal,
  })
  return failures
}
