import fs from 'node:fs'
import path from 'node:path'
import { afterAll, beforeEach, describe, expect, test } from '@jest/globals'
import { finished, projectDirectory, Sandbox } from '../../support/cli.js'
import { clientHalf, infoLine } from '../../support/lines.js'
import { expectError } from './expect-error.js'

const sandbox = new Sandbox()
const good = sandbox.write('good.log', `${clientHalf({ correlationId: 'first' })}\n`)
const other = sandbox.write(
  'other.log',
  `${clientHalf({ correlationId: 'a' })}\n${clientHalf({ correlationId: 'b' })}\n`,
)
const MANY = `${infoLine()}\n`.repeat(20_000)

afterAll(() => sandbox.remove())

async function stored(): Promise<number> {
  const question = ['frequency', '--json', '--by', 'cause', '--store', `duckdb:${sandbox.path('state/start.duckdb')}`]
  const { stdout } = await sandbox.hangup(question)
  return JSON.parse(stdout).rows.reduce((sum: number, row: { failures: number }) => sum + row.failures, 0)
}

/** What stands in the state directory of the store but the store. */
function leftOver(): readonly string[] {
  return fs.readdirSync(sandbox.path('state')).filter((name) => name.startsWith('start.duckdb.'))
}

/** `start -` on an input that stays open; it is reading once this resolves. */
async function reading() {
  const child = sandbox.start(['start', '-'])
  const result = finished(child, ['start', '-'], 20_000)
  await new Promise<void>((resolve, reject) => child.stdin.write(MANY, (error) => (error ? reject(error) : resolve())))
  return { child, result }
}

test('start says what report says of the same logs, idle timeouts of targets and all', async () => {
  const logs = path.join(projectDirectory, 'pipelines/samples')
  const [{ stdout: started }, { stdout: reported }] = await Promise.all([
    sandbox.hangup(['start', logs]),
    sandbox.hangup(['report', logs]),
  ])
  expect(started).toMatch(/the target closes idle\s+connections after/)
  expect(started).toBe(reported)
})

describe('start', () => {
  beforeEach(async () => {
    expect(await sandbox.hangup(['start', good])).toMatchObject({ code: 0 })
  })

  test('makes the store anew, and leaves nothing else behind', async () => {
    expect(await stored()).toBe(1)
    expect(await sandbox.hangup(['start', other])).toMatchObject({ code: 0 })
    expect(await stored()).toBe(2)
    expect(leftOver()).toEqual([])
  })

  test.each([
    ['there is no input', ['nowhere.log']],
    ['the input is no gateway log', [sandbox.write('prose.log', 'once upon a time\n')]],
  ])('leaves the store of the last time where %s', async (_, inputs) => {
    expectError(await sandbox.hangup(['start', ...inputs]), 1)
    expect(await stored()).toBe(1)
    expect(leftOver()).toEqual([])
  })

  test('leaves the store of the last time where it is stopped', async () => {
    const { child, result } = await reading()
    child.kill('SIGINT')
    expect(await result).toMatchObject({ code: 130, stdout: '' })
    expect(await stored()).toBe(1)
    expect(leftOver()).toEqual([])
  })

  test('takes over what a crash has left', async () => {
    const { child, result } = await reading()
    child.kill('SIGKILL')
    await result
    expect(leftOver()).not.toEqual([])
    expect(await stored()).toBe(1)
    expect(await sandbox.hangup(['start', other])).toMatchObject({ code: 0 })
    expect(await stored()).toBe(2)
    expect(leftOver()).toEqual([])
  })

  test('is refused while another one makes the same store, which ends undisturbed', async () => {
    const { child, result } = await reading()
    const second = await sandbox.hangup(['start', other])
    expectError(second, 1)
    expect(second.stderr).toMatch(/^hangup: state is in use by another process: /)
    expect(await stored()).toBe(1)
    child.stdin.end(`${clientHalf({ correlationId: 'x' })}\n${clientHalf({ correlationId: 'y' })}\n${clientHalf()}\n`)
    expect(await result).toMatchObject({ code: 0 })
    expect(await stored()).toBe(3)
  })
})
