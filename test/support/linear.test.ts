import { expect, test } from '@jest/globals'
import { takesLinearTime } from './linear.js'

test('tells work in linear time from work in quadratic time', () => {
  expect(takesLinearTime((length) => steps(length * 20))).toBe(true)
  expect(takesLinearTime((length) => steps((length * length) / 256))).toBe(false)
})

function steps(count: number): () => void {
  const bytes = new Uint8Array(256)
  return () => {
    // In portions: a loop of its own is compiled sooner or later, as it likes.
    for (let left = count; left > 0; left -= PORTION) mix(bytes, Math.min(left, PORTION))
  }
}

const PORTION = 1 << 14

function mix(bytes: Uint8Array, times: number): void {
  for (let i = 0; i < times; i++) bytes[i & 0xff] += i
}
