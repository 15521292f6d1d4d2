import { afterAll, describe, expect, test } from '@jest/globals'
import { finished, ndjson, Sandbox } from '../../support/cli.js'
import { clientHalf, infoLine, targetHalf } from '../../support/lines.js'

const sandbox = new Sandbox()

afterAll(() => sandbox.remove())

/** More than a pipe holds, so that its reader is at work once it is written; a half is still open at the end. */
const LINES = `${clientHalf({ correlationId: 'whole' })}\n${`${infoLine({ at: 90_000 })}\n`.repeat(20_000)}${targetHalf({ at: 90_000, correlationId: 'open' })}\n`

/** Runs a command on a standard input that does not end, and stops it. */
async function stopped(commandLine: readonly string[], signal: NodeJS.Signals) {
  const child = sandbox.start(commandLine)
  const result = finished(child, commandLine, 20_000)
  await new Promise<void>((resolve, reject) => child.stdin.write(LINES, (error) => (error ? reject(error) : resolve())))
  child.kill(signal)
  return result
}

describe.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('a command that is stopped by %s', (signal, code) => {
  test.each([
    ['report', ['report', '-']],
    ['report --json', ['report', '--json', '-']],
    ['frequency', ['frequency', '-']],
    ['explain', ['explain', 'whole', '-']],
    ['explain, before it has found the id,', ['explain', 'absent', '-']],
    ['start', ['start', '-']],
  ])('%s gives no answer and says so in one line', async (_, commandLine) => {
    expect(await stopped(commandLine, signal)).toEqual({
      code,
      signal: null,
      stdout: '',
      stderr: 'hangup: stopped: the input was not read to its end\n',
    })
  })

  test('failures prints what is certain, and no failure that lacked lines to come', async () => {
    const { stdout, stderr, ...ended } = await stopped(['failures', '-'], signal)
    expect(ended).toEqual({ code, signal: null })
    expect(stderr).toBe('hangup: stopped: the input was not read to its end\n')
    expect(ndjson(stdout).map(({ http }) => http.request.id)).not.toContain('open')
  })

  test('parse prints what it has read', async () => {
    const { stdout, stderr, code: ended } = await stopped(['parse', '-'], signal)
    expect([ended, stderr]).toEqual([code, 'hangup: stopped: the input was not read to its end\n'])
    expect(ndjson(stdout)[0]).toMatchObject({ correlationId: 'whole' })
  })
})
