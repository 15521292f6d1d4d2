import { afterEach, expect, jest, test } from '@jest/globals'
import { ProgressBar, renderProgress } from '../../../src/cli/terminal/progress.js'

afterEach(() => {
  jest.useRealTimers()
})

test('shows how far it is, how fast, and how long it will take', () => {
  const line = renderProgress({ readBytes: 250_000_000, totalBytes: 500_000_000 }, 2_000, 100)
  expect(line).toBe(` 50 % ${'█'.repeat(15)}${'░'.repeat(15)}  250 MB of 500 MB  125 MB/s  2.0 s left`)
})

test('shows what was read where the end is not known', () => {
  expect(renderProgress({ readBytes: 3_000_000, totalBytes: null }, 1_000, 80)).toBe('3.0 MB read  3.0 MB/s')
})

test('never says more than 100 per cent', () => {
  expect(renderProgress({ readBytes: 12, totalBytes: 10 }, 1_000, 80)).toMatch(/^100 %/)
})

test('does without the bar where the terminal is too narrow for it', () => {
  const line = renderProgress({ readBytes: 250_000_000, totalBytes: 500_000_000 }, 2_000, 40)
  expect(line).not.toContain('█')
  expect(line.length).toBeLessThanOrEqual(40)
})

test('is drawn at most ten times a second and erased at the end', () => {
  jest.useFakeTimers()
  const written: string[] = []
  const screen = { columns: 80, write: (text: string) => written.push(text) }
  const bar = new ProgressBar({ screen, measure: () => ({ readBytes: 1, totalBytes: 2 }) })
  jest.advanceTimersByTime(1_000)
  expect(written).toHaveLength(10)
  bar.end()
  expect(written.at(-1)).toBe('\r\x1b[K')
  jest.advanceTimersByTime(1_000)
  expect(written).toHaveLength(11)
})
