import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { replaceVariables } from '../../src/config/variables.js'

const environment = { HOST: 'gw1', EMPTY: '', TRICKY: '$' + '{HOST}' }

/** Writes `§{` for the beginning of a variable. */
const template = (text: string) => text.replaceAll('§', '$')

describe('a variable', () => {
  test.each([
    ['stands for its value', '§{HOST}', 'gw1'],
    ['stands for its value inside a text', 'a-§{HOST}-b', 'a-gw1-b'],
    ['takes its default when unset', '§{NONE:-x y}', 'x y'],
    ['takes its default when empty', '§{EMPTY:-x}', 'x'],
    ['may be empty where it has no default', '§{EMPTY}', ''],
    ['leaves its default aside when set', '§{HOST:-§{NONE}}', 'gw1'],
    ['may have a variable as default', '§{NONE:-§{HOST}}', 'gw1'],
    ['may have a glob with braces as default', '§{NONE:-/var/{a,b}/*.log}', '/var/{a,b}/*.log'],
    ['is not looked at again when replaced', '§{TRICKY}', '§{HOST}'],
    ['is left alone behind a second dollar', '§§{HOST} §{HOST}', '§{HOST} gw1'],
    ['needs braces', '§HOST {HOST} §', '§HOST {HOST} §'],
  ])('%s', (_, text, expected) => {
    expect(replaceVariables(template(text), environment)).toEqual({ text: template(expected) })
  })

  test('is a fault that names it when it is unset and has no default', () => {
    expect(replaceVariables(template('§{NONE}'), environment)).toEqual({
      fault: 'needs the environment variable NONE, which is not set',
    })
  })

  test.each(['§{HOST', '§{}', '§{1A}', '§{HOST-x}', '§{A B}', `${'§{A:-'.repeat(20)}${'}'.repeat(20)}`])(
    'is a fault when it is written %s',
    (text) => {
      expect(replaceVariables(template(text), environment)).toHaveProperty('fault')
    },
  )

  test('is not found on the prototype of the environment', () => {
    expect(replaceVariables(template('§{constructor}'), {})).toHaveProperty('fault')
  })

  test('brings any value in unchanged', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        expect(replaceVariables(template('<§{X}>'), { X: value })).toEqual({ text: `<${value}>` })
      }),
    )
  })
})
