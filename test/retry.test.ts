import { describe, expect, test } from '@jest/globals'
import { PermanentError, TransientError } from '../src/errors.js'
import { type RetryOptions, retrying } from '../src/retry.js'

const busy = (retryAfterMs: number | null = null) =>
  new TransientError('store is busy: test', { code: 'store_busy', hint: 'wait', retryAfterMs })

/** Fails so many times before it works. */
function failing(times: number, error: () => Error = busy) {
  let calls = 0
  const operation = async (): Promise<number> => {
    calls++
    if (calls <= times) throw error()
    return calls
  }
  return { operation, calls: () => calls }
}

function retryOptions(options: Partial<RetryOptions> = {}) {
  const waits: number[] = []
  const pause = async (milliseconds: number): Promise<void> => void waits.push(milliseconds)
  return { waits, options: { pause, random: () => 1, ...options } }
}

describe('retrying', () => {
  test('tries again after waits that double up to half a minute, until it works', async () => {
    const told: [unknown, number][] = []
    const { waits, options } = retryOptions({ onRetry: (error, waitMs) => told.push([error, waitMs]) })
    expect(await retrying(failing(10).operation, options)).toBe(11)
    expect(waits).toEqual([200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000])
    expect(told.map(([, waitMs]) => waitMs)).toEqual(waits)
    expect(told[0][0]).toBeInstanceOf(TransientError)
  })

  test('spreads the waits of several processes over half of their length', async () => {
    const { waits, options } = retryOptions({ random: () => 0 })
    await retrying(failing(1).operation, options)
    expect(waits).toEqual([100])
  })

  test('waits no shorter than the server asks for', async () => {
    const { waits, options } = retryOptions()
    await retrying(failing(2, () => busy(7_000)).operation, options)
    expect(waits).toEqual([7_000, 7_000])
  })

  test.each([
    ['a permanent error', new PermanentError('disk is full: test', { code: 'disk_full', hint: 'make room' })],
    ['an error of any other class', new TypeError('a bug')],
  ])('throws %s at once', async (_, error) => {
    const { waits, options } = retryOptions()
    await expect(retrying(failing(9, () => error).operation, options)).rejects.toBe(error)
    expect(waits).toEqual([])
  })

  test('tries once more when the run stops, and no longer', async () => {
    const stop = new AbortController()
    const { options } = retryOptions({ pause: async () => stop.abort(), signal: stop.signal })
    const { operation, calls } = failing(9)
    await expect(retrying(operation, options)).rejects.toBeInstanceOf(TransientError)
    expect(calls()).toBe(2)
  })
})
