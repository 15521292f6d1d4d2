import fs from 'node:fs'
import { afterAll, expect, test } from '@jest/globals'
import { Sandbox } from '../../support/cli.js'
import { failure } from '../../support/documents.js'

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
