import { afterEach, expect, jest, test } from '@jest/globals'
import { ProgressBar, renderProgress } from '../../../src/cli/terminal/progress.js'

afterEach(() => {
  jest.useRealTimers()
})

test('shows how far it is, how fast, and how long it will take', () => {
  const line = renderProgress({ done: 250_000_000, total: 500_000_000, unit: 'bytes' }, 2_000, 100)
  expect(line).toBe(` 50 % ${'█'.repeat(15)}${'░'.repeat(15)}  250 MB of 500 MB  125 MB/s  2.0 s left`)
})

test('shows what was read where the end is not known', () => {
  expect(renderProgress({ done: 3_000_000, total: null, unit: 'bytes' }, 1_000, 80)).toBe('3.0 MB read  3.0 MB/s')
})

test('counts messages where a topic is read', () => {
  const line = renderProgress({ done: 300_000, total: 1_200_000, unit: 'messages' }, 2_000, 100)
  expect(line).toBe(
    ` 25 % ${'█'.repeat(7)}${'░'.repeat(23)}  300,000 of 1,200,000 messages  150,000 messages/s  6.0 s left`,
  )
})

test('never says more than 100 per cent', () => {
  expect(renderProgress({ done: 12, total: 10, unit: 'bytes' }, 1_000, 80)).toMatch(/^100 %/)
})

test('does without the bar where the terminal is too narrow for it', () => {
  const line = renderProgress({ done: 250_000_000, total: 500_000_000, unit: 'bytes' }, 2_000, 40)
  expect(line).not.toContain('█')
  expect(line.length).toBeLessThanOrEqual(40)
})

test('is drawn at most ten times a second and erased at the end', () => {
  jest.useFakeTimers()
  const written: string[] = []
  const screen = { columns: 80, write: (text: string) => written.push(text) }
  const bar = new ProgressBar({ screen, measure: () => ({ done: 1, total: 2, unit: 'bytes' }) })
  jest.advanceTimersByTime(1_000)
  expect(written).toHaveLength(10)
  bar.end()
  expect(written.at(-1)).toBe('\r\x1b[K')
  jest.advanceTimersByTime(1_000)
  expect(written).toHaveLength(11)
})

test('shows how much of a wait has passed', () => {
  const line = renderProgress({ done: 30_000, total: 120_000, unit: 'milliseconds' }, 31_000, 80)
  expect(line).toBe(` ${'█'.repeat(7)}${'░'.repeat(23)}  waited 30 s of 2 min`)
})
