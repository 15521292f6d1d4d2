import { readFile } from 'node:fs/promises'
import { describe, expect, test } from '@jest/globals'
import { ConfigError, HangupError, InputError, PermanentError, systemCode, TransientError } from '../src/errors.js'

describe('HangupError', () => {
  test.each([ConfigError, InputError, TransientError, PermanentError])(
    'says what the caller is to do by its class: %p',
    (Class) => {
      const error = new Class('what happened: which thing', { code: 'internal', hint: 'do this' })
      expect(error).toBeInstanceOf(HangupError)
      expect(error).toBeInstanceOf(Error)
      expect(error).toMatchObject({
        name: Class.name,
        message: 'what happened: which thing',
        code: 'internal',
        hint: 'do this',
      })
    },
  )

  test('keeps its cause', () => {
    const cause = new Error('why')
    expect(new InputError('x: y', { code: 'internal', hint: 'z', cause }).cause).toBe(cause)
  })
})

describe('systemCode', () => {
  test('is the code of a system error', async () => {
    const error = await readFile('no-such-file').catch((caught: unknown) => caught)
    expect(systemCode(error)).toBe('ENOENT')
  })

  test.each([
    ['an error without code', new Error('x')],
    ['an object whose code is no text', { code: 5 }],
    ['a text', 'ENOENT'],
    ['null', null],
    ['nothing', undefined],
  ])('is undefined for %s', (_, error) => {
    expect(systemCode(error)).toBeUndefined()
  })
})
