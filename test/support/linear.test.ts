import { expect, test } from '@jest/globals'
import { takesLinearTime } from './linear.js'

test('tells work in linear time from work in quadratic time', () => {
  expect(takesLinearTime((length) => steps(length * 20))).toBe(true)
  expect(takesLinearTime((length) => steps((length * length) / 256))).toBe(false)
})

function steps(count: number): () => void {
  return () => {
    let sum = 0
    for (let i = 0; i < count; i++) sum = (sum + i) | 0
    expect(sum).toBeDefined()
  }
}
