import { describe, expect, test } from '@jest/globals'
import { ByteMap } from '../src/byte-map.js'
import { utf8 } from './support/lines.js'

const get = <Value>(map: ByteMap<Value>, text: string): Value | undefined => map.get(utf8(text), 0, utf8(text).length)
const add = <Value>(map: ByteMap<Value>, text: string, value: Value): void =>
  map.add(utf8(text), 0, utf8(text).length, value)

describe('ByteMap', () => {
  test('finds what was added, and nothing else', () => {
    const map = new ByteMap<number>({ maxSize: 10 })
    add(map, 'a', 1)
    add(map, '', 2)
    expect(get(map, 'a')).toBe(1)
    expect(get(map, '')).toBe(2)
    expect(get(map, 'b')).toBeUndefined()
    expect(get(map, 'aa')).toBeUndefined()
    expect(map.size).toBe(2)
  })

  test('looks at the bytes within the bounds only', () => {
    const map = new ByteMap<number>({ maxSize: 10 })
    map.add(utf8('xxabcxx'), 2, 5, 1)
    expect(map.get(utf8('yabcyy'), 1, 4)).toBe(1)
    expect(map.get(utf8('yabcyy'), 1, 5)).toBeUndefined()
  })

  test.each([
    ['costarring', 'liquid'],
    ['declinate', 'macallums'],
    ['altarage', 'zinke'],
  ])('keeps %s and %s apart, which have the same FNV-1a hash', (one, other) => {
    const map = new ByteMap<string>({ maxSize: 10 })
    add(map, one, one)
    expect(get(map, other)).toBeUndefined()
    add(map, other, other)
    expect([get(map, one), get(map, other)]).toEqual([one, other])
  })

  test('tells a value that is undefined-like from none', () => {
    const map = new ByteMap<number | null>({ maxSize: 10 })
    add(map, 'a', null)
    expect(get(map, 'a')).toBeNull()
  })

  test('copies its keys', () => {
    const map = new ByteMap<number>({ maxSize: 10 })
    const bytes = utf8('abc')
    map.add(bytes, 0, 3, 1)
    bytes.fill(0)
    expect(get(map, 'abc')).toBe(1)
  })

  test('starts again empty past its bound', () => {
    const map = new ByteMap<number>({ maxSize: 3 })
    for (let i = 0; i < 3; i++) add(map, `${i}`, i)
    expect(map.size).toBe(3)
    add(map, '3', 3)
    expect(map.size).toBe(1)
    expect(get(map, '0')).toBeUndefined()
    expect(get(map, '3')).toBe(3)
  })

  test('never holds more than its bound', () => {
    const map = new ByteMap<number>({ maxSize: 7 })
    for (let i = 0; i < 1_000; i++) {
      add(map, `${i}`, i)
      expect(map.size).toBeLessThanOrEqual(7)
    }
  })
})
