import { describe, expect, jest, test } from '@jest/globals'
import { createTerminal } from '../../../src/cli/terminal/terminal.js'

function stream(isTTY: boolean, columns?: number) {
  const written: string[] = []
  return { isTTY, columns, written, write: (text: string) => written.push(text) }
}

const MEASURE = () => ({ done: 1, total: 2, unit: 'bytes' }) as const

describe('createTerminal', () => {
  test('knows the width of a terminal, and takes 100 columns where there is none', () => {
    const terminal = createTerminal({ stdout: stream(false), stderr: stream(true, 72), environment: {} })
    expect([terminal.output.width, terminal.messages.width]).toEqual([100, 72])
  })

  test('makes hostile text visible', () => {
    const stderr = stream(true, 80)
    createTerminal({ stdout: stream(true), stderr, environment: {} }).tell('file \x1b[2J.log')
    expect(stderr.written.join('')).toBe('file ␛[2J.log\n')
  })

  test.each([
    ['stderr is no terminal', { stderr: stream(false), environment: {} }],
    ['the terminal is dumb', { stderr: stream(true, 80), environment: { TERM: 'dumb' } }],
    ['it was switched off', { stderr: stream(true, 80), environment: {}, showsProgress: false }],
  ])('draws no bar where %s', (_name, input) => {
    jest.useFakeTimers()
    const progress = createTerminal({ stdout: stream(true), ...input }).startProgress(MEASURE)
    jest.advanceTimersByTime(1_000)
    progress.end()
    jest.useRealTimers()
    expect(input.stderr.written).toEqual([])
  })

  test('draws no bar between lines that go to the same terminal', () => {
    jest.useFakeTimers()
    const stderr = stream(true, 80)
    const terminal = createTerminal({ stdout: stream(true), stderr, environment: {} })
    terminal.startProgress(MEASURE, { whileWriting: true })
    jest.advanceTimersByTime(1_000)
    jest.useRealTimers()
    expect(stderr.written).toEqual([])
  })

  test('takes the bar away before it says something', () => {
    jest.useFakeTimers()
    const stderr = stream(true, 80)
    const terminal = createTerminal({ stdout: stream(true), stderr, environment: {} })
    const progress = terminal.startProgress(MEASURE)
    jest.advanceTimersByTime(150)
    terminal.tell('hello')
    progress.end()
    jest.useRealTimers()
    expect(stderr.written.slice(-2)).toEqual(['\r\x1b[K', 'hello\n'])
  })
})
