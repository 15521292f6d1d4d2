import { PassThrough } from 'node:stream'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { run } from '../../../src/cli/commands/keepalive-probe.js'
import type { KeepaliveProbeOptions } from '../../../src/cli/options.js'
import { createTerminal } from '../../../src/cli/terminal/terminal.js'
import { answer, type ProbedTarget, startTarget } from '../../support/probed/target.js'
import { createWorld } from '../support.js'

const OPTIONS: KeepaliveProbeOptions = {
  debug: false,
  progress: true,
  state: '/nowhere',
  stateGiven: false,
  times: '1',
  atOnce: '1',
  maxWait: '2m',
  method: 'HEAD',
  path: '/',
  tls: false,
  insecure: false,
  yes: false,
  json: true,
}

let target: ProbedTarget
beforeEach(async () => {
  target = await startTarget((socket) => socket.end(answer([], '')))
})
afterEach(() => target.close())

/** A world whose stdin and stderr are a terminal, at which somebody types. */
function atTerminal(typed: string) {
  const { context, stdout, stderr } = createWorld()
  const stdin = Object.assign(new PassThrough(), { isTTY: true })
  stdin.end(typed)
  const screen = Object.assign(context.stderr, { isTTY: true, columns: 80 })
  const terminal = createTerminal({ stdout: context.stdout, stderr: screen, environment: { NO_COLOR: '1' } })
  return { context: { ...context, stdin, terminal }, stdout, stderr }
}

describe('at a terminal, before a host is touched', () => {
  test.each(['y\n', 'YES\n'])('%j goes on', async (typed) => {
    const { context, stdout, stderr } = atTerminal(typed)
    expect(await run([target.name], OPTIONS, context)).toBe(0)
    expect(stderr()).toMatch(
      /^hangup: opens 1 connection to 127\.0\.0\.1:\d+, sends one HEAD \/ on it, .*\nGo on\? \[y\/N\] /,
    )
    expect(JSON.parse(stdout())).toMatchObject({ state: 'measured' })
  })

  test.each(['n\n', '\n', 'yeah\n'])('%j sends nothing', async (typed) => {
    const { context, stdout, stderr } = atTerminal(typed)
    expect(await run([target.name], OPTIONS, context)).toBe(1)
    expect(stderr()).toContain('nothing was sent')
    expect(stdout()).toBe('')
    expect(target.requests).toHaveLength(0)
  })

  test('nobody is asked with --yes, but told', async () => {
    const { context, stderr } = atTerminal('')
    expect(await run([target.name], { ...OPTIONS, yes: true }, context)).toBe(0)
    expect(stderr()).toMatch(/^hangup: opens 1 connection/)
    expect(stderr()).not.toContain('Go on?')
  })
})
