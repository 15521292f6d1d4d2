import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { ndjson, Sandbox } from '../support/cli.js'
import { type LogKind, nameOf, RACE_KIND, REPEATS, Run } from './run.js'

const LOGS: readonly LogKind[] = [
  { version: '3.3.7', level: 'info' },
  { version: '3.1.6', level: 'info' },
  { version: '3.3.7', level: 'error' },
]

describe.each(LOGS)('of the log of microgateway-core $version at level $level', (log) => {
  const sandbox = new Sandbox()
  const run = new Run(log)
  // biome-ignore lint/suspicious/noExplicitAny: documents of the program under test.
  let failures: any[]
  // biome-ignore lint/suspicious/noExplicitAny: the same.
  let report: any

  beforeAll(async () => {
    await run.start()
    await run.sendAll()
    await run.stop()
    const from = [run.gateway.logDirectory, '--gateway-config', run.gateway.configuration]
    failures = ndjson((await sandbox.hangup(['failures', ...from])).stdout)
    report = JSON.parse((await sandbox.hangup(['report', ...from, '--json'])).stdout)
  })

  afterAll(async () => {
    await run.stop()
    run.gateway.remove()
    sandbox.remove()
  })

  test('the truth is rich enough: each kind, and races of which the target read nothing', () => {
    for (const kind of run.kinds()) expect(run.requests(kind)).toHaveLength(REPEATS)
    expect(run.races()).not.toHaveLength(0)
    expect(run.sent.length - run.failing().length).toBeGreaterThan(REPEATS)
  })

  test('clients saw what the target says', () => {
    for (const { path, answer } of run.sent) {
      const kind = run.kindOf(path)
      expect({ path, status: answer.status }).toEqual({ path, status: kind === null ? 200 : kind.status })
    }
  })

  test('every failed request is found once, and no other', () => {
    expect(failures.map(({ url }) => url.path ?? '').toSorted()).toEqual(
      run
        .failing()
        // The gateway logs no url where no API has the path.
        .map((path) => (path.startsWith('/nowhere/') ? '' : path))
        .toSorted(),
    )
    expect(report).toMatchObject({ failures: run.failing().length })
    expect(report.ledger.rejections).toBe(0)
  })

  test('each failure names its target, has its halves, and the cause that the target knows', () => {
    const verdicts = failures.map(({ url, edgemicro }) => ({
      path: url.path,
      target: edgemicro.target,
      halves: edgemicro.halves,
      cause: edgemicro.cause,
    }))
    expect(verdicts).toEqual(
      verdicts.map(({ path, cause }) => {
        const kind = run.kindOf(path ?? '/nowhere/') ?? RACE_KIND
        const causes = run.causesOf(kind)
        return {
          path,
          target: run.targetOf(kind.basePath),
          halves: kind.halves,
          cause: causes.includes(cause) ? cause : causes.join(' or '),
        }
      }),
    )
  })

  test('the correlation id is the one that the target was sent', () => {
    const ids = new Map(run.target.seen.map(({ path, correlationId }) => [nameOf(path), correlationId]))
    for (const { url, http } of failures) {
      if (ids.has(nameOf(url.path ?? ''))) expect(http.request.id).toBe(ids.get(nameOf(url.path)))
    }
  })

  test('the report counts the failures of each target', () => {
    const counts = new Map(
      report.targets.map((each: { target: string; failures: number }) => [each.target, each.failures]),
    )
    const of = (basePaths: readonly string[]): number =>
      run.failing().filter((path) => basePaths.some((each) => path.startsWith(`${each}/`))).length
    expect(counts.get(run.target.name)).toBe(of(['/v1/orders', '/v1/idle', '/v1/upload', '/v1/slow', '/v1/cut']))
    expect(counts.get(run.goneTarget)).toBe(of(['/v1/gone']))
  })
})
