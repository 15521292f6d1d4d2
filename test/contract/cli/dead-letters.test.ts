import fs from 'node:fs'
import { afterAll, describe, expect, test } from '@jest/globals'
import { ndjson, Sandbox } from '../../support/cli.js'
import { failure, HOSTILE_TEXTS } from '../../support/documents.js'
import { rejected } from '../dead-letter-contract.js'
import { expectError } from './expect-error.js'

const sandbox = new Sandbox()

afterAll(() => sandbox.remove())

const GOOD = '2021-06-23T03:52:24.110Z [info][h][3][o][e][u][][][][c][][GET][][][][]\n'
const BAD = `2021-06-23T03:52:24.110Z [loud][h][3][o][e][u][][k-3f9a7c55e1][][c][][GET][][][][]\n${GOOD}2021-06-23T03:52:24.110Z [info][h][3\n`

test('tells the reasons of the lines that a run could not use, and where they stand', async () => {
  sandbox.write('bad.log', BAD)
  const run = await sandbox.hangup(['start', 'bad.log'])
  expect(run.code).toBe(0)
  const file = fs.readdirSync(sandbox.path('state')).find((name) => name.endsWith('.dead-letters.ndjson'))
  expect(file).toBeDefined()
  const { code, stdout } = await sandbox.hangup(['dead-letters', sandbox.path('state', file ?? '')])
  expect(code).toBe(0)
  expect(stdout).toMatch(/^2 lines could not be used\.$/m)
  expect(stdout).toMatch(/bad_level +1 /)
  expect(stdout).toMatch(/bad_level .*bad\.log +0 /)
  expect(stdout).not.toContain('k-3f9a7c55e1')
})

test('reads what parse prints, and counts for scripts', async () => {
  sandbox.write('bad.log', BAD)
  const parsed = await sandbox.hangup(['parse', 'bad.log'])
  const { code, stdout } = await sandbox.hangup(['dead-letters', '-', '--json'], { stdin: parsed.stdout })
  expect(code).toBe(0)
  expect(JSON.parse(stdout)).toEqual({ letters: 2, by_reason: { bad_level: 1, unterminated: 1 } })
})

test.each([
  ['a file that is not there', 'nowhere.ndjson', /^hangup: .*nowhere\.ndjson/],
  ['a file of something else', 'bad.log', /^hangup: not a file of dead letters: .*bad\.log \(line 1\)/],
])('refuses %s', async (_what, file, message) => {
  sandbox.write('bad.log', BAD)
  const { code, stdout, stderr } = await sandbox.hangup(['dead-letters', sandbox.path(file)])
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  expect(stderr).toMatch(message)
})

test('gives the words of a store that refused a document whole, each text once', async () => {
  const reason = `[1:54] failed to parse field [error.message] of type [long], ${'which is told at length '.repeat(8)}at its end`
  const letter = { kind: 'refused', sink: 'elasticsearch', status: 400, reason, document: failure(), position: null }
  sandbox.write('refused.ndjson', `${JSON.stringify(letter)}\n${JSON.stringify(letter)}\n`)
  const { code, stdout } = await sandbox.hangup(['dead-letters', 'refused.ndjson'])
  expect(code).toBe(0)
  expect(stdout).toMatch(/^2 documents could not be stored\.$/m)
  expect(stdout.split(`\nelasticsearch 400: ${reason}\n`)).toHaveLength(2)
})

describe('dead-letters list', () => {
  const letters = [
    ...Array.from({ length: 30 }, (_, index) => rejected(`line ${index}`, '/logs/a.log', index)),
    { kind: 'rejected', reason: 'no_record', text: 'other', position: { source: '/logs/b.log', offset: 7 } },
  ]
  const write = (name: string): string =>
    sandbox.write(name, letters.map((each) => `${JSON.stringify(each)}\n`).join(''))

  test('is what the command does without a word, and tells the message that brought a line', async () => {
    const file = write('letters.ndjson')
    const [plain, named] = await Promise.all([
      sandbox.hangup(['dead-letters', file]),
      sandbox.hangup(['dead-letters', 'list', file]),
    ])
    expect(named).toEqual(plain)
    expect(named.stdout).toMatch(/^bad_level +\/logs\/a\.log +0 +raw\/3@17 +line 0$/m)
    expect(named.stdout).toMatch(/^and 11 more$/m)
  })

  test('shows letters of one reason, and as many as are asked for', async () => {
    const file = write('letters.ndjson')
    const one = await sandbox.hangup(['dead-letters', file, '--reason', 'no_record'])
    expect(one.stdout).toMatch(/^1 line could not be used\.$/m)
    expect(one.stdout).toMatch(/^no_record +\/logs\/b\.log +7 +other$/m)
    expect(one.stdout).not.toContain('bad_level')
    const few = await sandbox.hangup(['dead-letters', 'list', file, '--limit', '2'])
    expect(few.stdout).toContain('line 1\n')
    expect(few.stdout).not.toContain('line 2\n')
    expect(few.stdout).toMatch(/^and 29 more$/m)
    const counted = await sandbox.hangup(['dead-letters', 'list', file, '--reason', 'bad_level', '--json'])
    expect(JSON.parse(counted.stdout)).toEqual({ letters: 30, by_reason: { bad_level: 30 } })
  })

  test('reads the file that a pipeline names, and none is no fault', async () => {
    const pipeline = sandbox.write(
      'named.yaml',
      `source: { stdin: {} }\nsinks: [{ stdout: {} }]\ndeadLetters: { path: "${sandbox.path('named.ndjson')}" }\n`,
    )
    const none = await sandbox.hangup(['dead-letters', '--pipeline', pipeline])
    expect(none).toMatchObject({ code: 0, stdout: 'No dead letters.\n' })
    write('named.ndjson')
    const some = await sandbox.hangup(['dead-letters', 'list', '--pipeline', pipeline, '--json'])
    expect(JSON.parse(some.stdout)).toMatchObject({ letters: 31 })
    const other = await sandbox.hangup(['dead-letters', '--pipeline', pipeline, '--set', 'deadLetters.path=other'])
    expect(other).toMatchObject({ code: 0, stdout: 'No dead letters.\n' })
  })

  test('shows nothing that a terminal would obey, whatever the letters hold', async () => {
    const hostile = [
      ...HOSTILE_TEXTS.map((text, index) => rejected(text, `/logs/${text.slice(0, 200)}.log`, index)),
      { ...rejected('x'), reason: '\u001b[2Jbad' },
      ...Array.from({ length: 20 }, () => rejected('\u001b\u0301\u6f22'.repeat(21_000))),
      {
        ...rejected('x'),
        position: { source: 'a', offset: 0, kafka: { topic: '\u001b]0;t\u0007', partition: 0, offset: 0 } },
      },
      { kind: 'refused', sink: '\u001b[31m', status: 400, reason: '\u202e\u001b[A', document: null, position: null },
    ]
    const file = sandbox.write('hostile.ndjson', hostile.map((each) => `${JSON.stringify(each)}\n`).join(''))
    const { code, stdout } = await sandbox.hangup(['dead-letters', file, '--limit', '100'])
    expect(code).toBe(0)
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\u202e]/)
  })

  test.each([
    ['no place', ['dead-letters'], /^hangup: argument missing: PLACE/],
    ['two places', ['dead-letters', 'a', '--pipeline', 'b.yaml'], /^hangup: two places/],
    ['too many words', ['dead-letters', 'list', 'a', 'b'], /^hangup: too many arguments/],
    ['too many words without an action', ['dead-letters', 'a', 'b'], /^hangup: too many arguments/],
    ['a limit that is none', ['dead-letters', 'a', '--limit', 'few'], /^hangup: not a count: --limit few/],
    [
      'an option of replay',
      ['dead-letters', 'list', 'a', '--dry-run'],
      /^hangup: not an option of dead-letters list: --dry-run/,
    ],
  ])('refuses %s', async (_, commandLine, says) => {
    const result = await sandbox.hangup(commandLine)
    expectError(result, 2)
    expect(result.stderr).toMatch(says)
  })
})

describe('dead-letters explain', () => {
  test('says of one reason, or of all, what it means and what to do', async () => {
    const one = await sandbox.hangup(['dead-letters', 'explain', 'unterminated'])
    expect(one.code).toBe(0)
    expect(one.stdout).toMatch(/^unterminated\n {2}The line ends in the middle\.\n[\s\S]*What to do: /)
    const all = await sandbox.hangup(['dead-letters', 'explain', '--json'])
    const reasons = ndjson(all.stdout)
    expect(reasons.map(({ reason }) => reason)).toEqual(expect.arrayContaining(['unterminated', 'refused']))
    for (const each of reasons) expect(Object.keys(each)).toEqual(['reason', 'means', 'comes_about', 'to_do'])
  })

  test('refuses a reason that there is not', async () => {
    const result = await sandbox.hangup(['dead-letters', 'explain', 'bad_lvl'])
    expectError(result, 2)
    expect(result.stderr).toMatch(/^hangup: unknown reason: bad_lvl\n {2}one of .*bad_level/)
  })
})
