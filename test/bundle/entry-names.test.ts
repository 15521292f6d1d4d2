import path from 'node:path'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { EntryNames, safeName } from '../../src/bundle/entry-names.js'

describe('a safe name', () => {
  test.each([
    ['a gateway log as it is', 'edgemicro-emg-1-af837600-e6ea-11f1-8a20-cdd16feea2c8-1-api.log'],
    ['a rotated one', 'edgemicro-a.log.1'],
  ])('leaves %s', (_, name) => {
    expect(safeName(name)).toBe(name)
  })

  test.each([
    ['steps upwards', '../../etc/passwd', '____etc_passwd'],
    ['a hidden file', '.bashrc', '_bashrc'],
    ['an option', '-rf', '_rf'],
    ['a device of Windows', 'CON.log', '_CON.log'],
    ['nothing', '', '_'],
    ['dots alone', '..', '_'],
    ['escape sequences and line breaks', 'a\u001b[2Jb\nc.log', 'a_2Jb_c.log'],
    ['another writing direction', 'a\u202egol.log', 'a_gol.log'],
  ])('makes %s harmless', (_, name, safe) => {
    expect(safeName(name)).toBe(safe)
  })

  test('keeps the ending of one that is too long', () => {
    const name = safeName(`${'a'.repeat(300)}-1-api.log`)
    expect(name).toHaveLength(90)
    expect(name).toMatch(/a_a+-1-api\.log$/)
  })

  test('stays in its folder, whatever it is made of', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const name = safeName(text)
        expect(name).toMatch(/^\w[\w.-]{0,89}$/)
        for (const style of [path.posix, path.win32]) {
          expect(style.dirname(style.join('top', 'logs', name))).toBe(style.join('top', 'logs'))
        }
      }),
    )
  })
})

test('no name is given twice, also where capitals make no difference', () => {
  const names = new EntryNames()
  expect(['a.log', 'a.log', 'A.LOG', 'a-2.log', 'a'].map((name) => names.unique('logs', name))).toEqual([
    'logs/a.log',
    'logs/a-2.log',
    'logs/A-3.LOG',
    'logs/a-2-2.log',
    'logs/a',
  ])
  expect(names.unique('captures', 'a.log')).toBe('captures/a.log')
})
