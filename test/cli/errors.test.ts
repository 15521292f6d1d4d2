import { describe, expect, test } from '@jest/globals'
import { exitCodeOf, renderError } from '../../src/cli/errors.js'
import { ConfigError, InputError } from '../../src/errors.js'
import { OBEYED, PLAIN_STYLE } from './support.js'

const QUIET = { debug: false, style: PLAIN_STYLE }
const MISSING = new InputError('no such file: x.log', { code: 'input_not_found', hint: 'check the path' })

class SeveralFaults extends ConfigError {
  lines(): string[] {
    return ['x.yaml:7:5  sinks[0].pth: unknown option', 'x.yaml:9:1  join.window: not a time']
  }
}

describe('renderError', () => {
  test('prints what happened to which thing, then what to do', () => {
    expect(renderError(MISSING, QUIET)).toEqual(['hangup: no such file: x.log', '  check the path'])
  })

  test('prints all faults of an error that holds several', () => {
    const error = new SeveralFaults('invalid pipeline: x.yaml: 2 faults', { code: 'config', hint: 'correct them' })
    expect(renderError(error, QUIET)).toEqual([
      'hangup: invalid pipeline: x.yaml: 2 faults',
      '  x.yaml:7:5  sinks[0].pth: unknown option',
      '  x.yaml:9:1  join.window: not a time',
      '  correct them',
    ])
  })

  test('calls an unknown error a bug and asks for a report', () => {
    const lines = renderError(new TypeError('x is undefined'), QUIET)
    expect(lines[0]).toBe('hangup: internal error: x is undefined')
    expect(lines[1]).toContain('--debug')
    expect(lines).toHaveLength(2)
  })

  test('prints stack traces and causes with --debug only', () => {
    const error = new InputError('cannot read: x.log', {
      code: 'input_unreadable',
      hint: 'h',
      cause: new Error('the cause'),
    })
    expect(renderError(error, QUIET).join('\n')).not.toContain('the cause')
    const text = renderError(error, { ...QUIET, debug: true }).join('\n')
    expect(text).toContain('the cause')
    expect(text).toMatch(/^ +at /m)
  })

  test('keeps a hostile file name from the terminal and on one line', () => {
    const error = new InputError('no such file: a\x1b[2J\nb', { code: 'input_not_found', hint: 'h' })
    const lines = renderError(error, QUIET)
    expect(lines[0]).toBe('hangup: no such file: a␛[2J␊b')
    expect(lines.join('')).not.toMatch(OBEYED)
  })
})

describe('exitCodeOf', () => {
  test('is 2 for wrong usage and configuration, 1 for all else', () => {
    const usage = new ConfigError('m', { code: 'usage', hint: 'h' })
    expect([usage, MISSING, new Error('bug'), 'text'].map(exitCodeOf)).toEqual([2, 1, 1, 1])
  })
})
