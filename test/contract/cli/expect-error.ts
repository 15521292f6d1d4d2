import { expect } from '@jest/globals'
import type { CliResult } from '../../support/cli.js'

export const STACK_TRACE = /^\s+at .+:\d+:\d+\)?$/m

/** Asserts one line `hangup: <what happened>: <which thing>`, then what to do; no stack trace. */
export function expectError(result: CliResult, code: number): void {
  expect({ code: result.code, signal: result.signal, stderr: result.stderr }).toEqual({
    code,
    signal: null,
    stderr: expect.stringMatching(/^hangup: [^\n]+: [^\n]+\n(.+\n)*\s+\S[^\n]+\n/m),
  })
  expect(result.stderr).not.toMatch(STACK_TRACE)
}
