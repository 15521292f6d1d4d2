import { afterAll, describe, expect, test } from '@jest/globals'
import { ndjson, projectDirectory, Sandbox } from '../../support/cli.js'
import { clientHalf, infoLine, targetHalf, timestamp } from '../../support/lines.js'
import { expectError } from './expect-error.js'

const sandbox = new Sandbox()
const MINUTE = 60_000

afterAll(() => sandbox.remove())

describe('text that is no gateway log', () => {
  const file = sandbox.write('prose.log', 'It was a dark\nand stormy night\n')

  test.each([
    ['report', ['report']],
    ['report --json', ['report', '--json']],
    ['failures', ['failures']],
    ['frequency', ['frequency']],
    ['explain', ['explain', 'some-id']],
    ['start', ['start']],
  ])('is refused by %s, without an answer', async (_, commandLine) => {
    const result = await sandbox.hangup([...commandLine, file])
    expectError(result, 1)
    expect(result.stderr).toMatch(/^hangup: not a gateway log: \S*prose\.log\n {2}none of its 2 lines is a record/m)
    expect(result.stdout).toBe('')
  })

  test('is refused by parse behind its lines', async () => {
    const result = await sandbox.hangup(['parse', file])
    expectError(result, 1)
    expect(result.stderr).toMatch(/^read 2 lines = 0 events .* 2 rejections\nhangup: not a gateway log: /)
    expect(ndjson(result.stdout).map(({ kind }) => kind)).toEqual(['rejected', 'rejected'])
  })

  test('is named where it comes from standard input, or with others', async () => {
    const piped = await sandbox.hangup(['report', '-'], { stdin: 'one\n' })
    expect(piped.stderr).toMatch(/^hangup: not a gateway log: standard input\n {2}its one line is no record/)
    const two = await sandbox.hangup(['report', file, sandbox.write('verse.log', 'Tyger\n')])
    expect(two.stderr).toMatch(/^hangup: not a gateway log: \S*prose\.log and 1 more\n/)
  })

  test('does not matter beside a gateway log, nor where only warn and error lines are looked at', async () => {
    const log = sandbox.write('edgemicro-gw-1-1-api.log', `${clientHalf()}\n`)
    expect(await sandbox.hangup(['report', file, log])).toMatchObject({ code: 0, stderr: '' })
    expect(await sandbox.hangup(['failures', '--halves-only', file])).toMatchObject({ code: 0, stdout: '', stderr: '' })
  })
})

describe('the ledger', () => {
  const file = sandbox.write('ledger.log', `${targetHalf()}\n${clientHalf({ at: 1 })}\ntorn\n`)
  const LEDGER = 'read 3 lines = 2 events + 0 plain + 0 stats + 1 continuations + 0 rejections\n'

  test.each([
    ['parse', ['parse']],
    ['failures', ['failures']],
    ['frequency', ['frequency']],
    ['explain', ['explain', '6b089a00-d3d6-11eb-95aa-911f1ee6c684']],
  ])('is told by %s on standard error', async (_, commandLine) => {
    const { code, stdout, stderr } = await sandbox.hangup([...commandLine, file])
    expect({ code, stderr }).toEqual({ code: 0, stderr: LEDGER })
    expect(stdout).not.toBe('')
    expect(stdout).not.toContain('read 3 lines')
  })

  test('is told also where explain finds nothing', async () => {
    const result = await sandbox.hangup(['explain', 'no-such-id', file])
    expectError(result, 1)
    expect(result.stderr).toMatch(/^read 3 lines = .*\nhangup: not in these logs: no-such-id\n/)
  })
})

describe('a range in which nothing was read', () => {
  const file = sandbox.write('range.log', `${infoLine()}\n${clientHalf({ at: MINUTE })}\n`)
  const first = timestamp()
  const last = timestamp(MINUTE)
  const justAfter = timestamp(MINUTE + 1)
  const longAgo = timestamp(-24 * 60 * MINUTE)

  test.each([
    ['begins after it', ['--since', justAfter], { since: justAfter, until: null }],
    ['ends before it', ['--until', first], { since: null, until: first }],
    ['lies before it', ['--since', longAgo, '--until', first], { since: longAgo, until: first }],
  ])('that %s is said to be empty, and never ends before it begins', async (_, range, bounds) => {
    const { code, stdout } = await sandbox.hangup(['report', ...range, file])
    expect(code).toBe(0)
    expect(stdout.replaceAll('\n', ' ')).toMatch(/no lines in this range; these logs go from .* to .* UTC\./)
    expect(stdout).not.toContain('No failed request')
    const report = JSON.parse((await sandbox.hangup(['report', '--json', ...range, file])).stdout)
    expect(report).toMatchObject({ ...bounds, requests: null, failures: 0 })
  })

  test('is not one that touches a line', async () => {
    const { stdout } = await sandbox.hangup(['report', '--json', '--since', last, file])
    expect(JSON.parse(stdout)).toMatchObject({ since: last, until: last, failures: 1 })
  })
})

describe('what finds no room', () => {
  const LINES = 200_100
  const file = sandbox.write('edgemicro-many-1-1-api.log', manyTargets(LINES))
  const enough = sandbox.write('edgemicro-enough-1-1-api.log', manyTargets(110_000))

  test('is told by report, and stands in its object', async () => {
    const { code, stdout, stderr } = await sandbox.hangup(['report', '--json', file])
    expect(code).toBe(0)
    const { failures, evicted, folded } = JSON.parse(stdout)
    expect(failures).toBe(LINES)
    expect(evicted).toBeGreaterThanOrEqual(LINES - 100_000)
    expect(folded).toBe(100)
    expect(stderr).toMatch(/^1\d\d,\d{3} failures left the join early/m)
    expect(stderr).toMatch(/^100 documents are counted as "other"/m)
  }, 30_000)

  test.each([
    ['failures', ['failures']],
    ['failures --halves-only', ['failures', '--halves-only']],
    ['frequency', ['frequency', '--by', 'code']],
  ])(
    'is told by %s',
    async (_, commandLine) => {
      const { code, stderr } = await sandbox.hangup([...commandLine, enough])
      expect(code).toBe(0)
      expect(stderr).toMatch(/^1\d,\d{3} failures left the join early/m)
    },
    30_000,
  )

  test('is not told where there was room', async () => {
    const { stdout, stderr } = await sandbox.hangup(['report', '--json', `${projectDirectory}/pipelines/samples`])
    expect(JSON.parse(stdout)).toMatchObject({ evicted: 0, folded: 0 })
    expect(stderr).toBe('')
  })
})

/** Failures of one moment, each of another target. */
function manyTargets(count: number): string {
  const [before, between, after] = targetHalf({ host: '\0', url: '', clientId: '', correlationId: '\0' }).split('\0')
  const lines: string[] = []
  for (let index = 0; index < count; index++) lines.push(`${before}h${index}:80${between}id-${index}${after}\n`)
  return lines.join('')
}
