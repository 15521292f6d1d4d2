import { describe, expect, test } from '@jest/globals'
import { applyOverride, readOverride } from '../../src/config/overrides.js'

describe('an override', () => {
  test.each([
    ['plain text', 'a.b=c', ['a', 'b'], 'c'],
    ['a number as text, for the option to read', 'a=100', ['a'], '100'],
    ['a list', 'a=[x, "y,z"]', ['a'], ['x', 'y,z']],
    ['a section', 'a={b: {c: d}}', ['a'], { b: { c: 'd' } }],
    ['quoted text', 'a="null"', ['a'], 'null'],
    ['an item of a list', 'sinks[0].duckdb.path=x', ['sinks', 0, 'duckdb', 'path'], 'x'],
    ['text with an equals sign', 'a=b=c', ['a'], 'b=c'],
    ['no text', 'a=', ['a'], ''],
    ['a glob that looks like a list', 'a=[ab]*.log', ['a'], '[ab]*.log'],
    ['a glob that looks like an alias', 'a=*.log', ['a'], '*.log'],
    ['a list of what looks like an alias', 'a=[*x]', ['a'], '[*x]'],
    ['text that looks like a section', 'a=b: c', ['a'], 'b: c'],
    ['null as nothing', 'a=null', ['a'], undefined],
  ])('holds %s', (_, text, path, value) => {
    expect(readOverride(text)).toEqual({ path, value })
  })

  test.each(['nothing', '=x', 'a..b=x', '.a=x', 'a[x]=1', 'a[1=x', 'a[9999]=x', '[0]=x'])(
    'is a fault when it is written %s',
    (text) => {
      expect(readOverride(text)).toHaveProperty('fault')
    },
  )

  test.each([
    ['by its path', 'sinks[0].elasticsearch.auth.apiKey=s3cret'],
    ['within a section', 'sinks[0].elasticsearch.auth={username: u, password: s3cret}'],
    ['within a list', 'sinks=[{elasticsearch: {auth: {apiKey: s3cret}}}]'],
  ])('may not hold a secret, for others can read command lines: %s', (_, text) => {
    const read = readOverride(text)
    expect(read).toEqual({ fault: expect.stringContaining('passwordFile') })
    expect(JSON.stringify(read)).not.toContain('s3cret')
  })

  test('may name the file that holds a secret, and take a secret away', () => {
    expect(readOverride('a.passwordFile=/run/secrets/p')).toEqual({
      path: ['a', 'passwordFile'],
      value: '/run/secrets/p',
    })
    expect(readOverride('a.password=null')).toEqual({ path: ['a', 'password'], value: undefined })
  })

  test.each([
    ['replaces a value', { a: 1, b: 2 }, { path: ['a'], value: 3 }, { a: 3, b: 2 }],
    ['makes the sections that are missing', {}, { path: ['a', 'b'], value: 1 }, { a: { b: 1 } }],
    ['replaces an item of a list', { a: [1, 2] }, { path: ['a', 1], value: 3 }, { a: [1, 3] }],
    ['adds an item to a list', { a: [1] }, { path: ['a', 1, 'b'], value: 3 }, { a: [1, { b: 3 }] }],
    ['takes a value away', { a: 1, b: 2 }, { path: ['a'], value: undefined }, { b: 2 }],
    ['takes an item away', { a: [1, 2] }, { path: ['a', 0], value: undefined }, { a: [2] }],
    ['makes no section to take a value from', {}, { path: ['a', 'b'], value: undefined }, {}],
  ])('%s', (_, data, override, expected) => {
    const before = structuredClone(data)
    expect(applyOverride(data, override)).toEqual(expected)
    expect(data).toEqual(before)
  })

  test('cannot reach the prototype of anything', () => {
    const data = applyOverride({}, { path: ['__proto__', 'polluted'], value: true })
    expect(Object.hasOwn(data as object, '__proto__')).toBe(true)
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
  })
})
