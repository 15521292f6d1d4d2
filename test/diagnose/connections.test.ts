import { describe, expect, test } from '@jest/globals'
import { Connections, FRESH, UNKNOWN } from '../../src/diagnose/connections.js'
import type { Pool } from '../../src/diagnose/pool.js'
import { FIELD_COUNT, Field } from '../../src/event-view.js'
import { utf8 } from '../support/lines.js'

const HORIZON_MS = 600_000
const MINUTE_MS = 60_000
const RESPONSES_BEFORE_IT_IS_CLEAR = 20
const MAX_IDLE = 4_096
const MAX_POOLS = 20_000
const MAX_UNDER_WAY = 65_536

/** One gateway process, whose requests have names. */
class Gateway {
  readonly connections = new Connections({ horizonMs: HORIZON_MS })

  pool(worker = 1, target = '10.0.0.9:8080', proxy = 'v2/orders'): Pool | null {
    return this.connections.pool(worker, target, proxy)
  }

  take(request: string, timeMs: number, pool: Pool | null = this.pool()): void {
    this.connections.taken(pool, timeMs, lineOf(request))
  }

  respond(request: string, timeMs: number, pool: Pool | null = this.pool()): number {
    return this.connections.responded(pool, timeMs, lineOf(request))
  }

  close(request: string, timeMs: number, pool: Pool | null = this.pool()): number {
    return this.connections.closed(pool, timeMs, lineOf(request))
  }

  fail(request: string, timeMs = 0, pool: Pool | null = this.pool()): number {
    return this.connections.failed(pool, timeMs, lineOf(request))
  }
}

function lineOf(request: string) {
  const bytes = utf8(request)
  const [start, end] = [new Int32Array(FIELD_COUNT), new Int32Array(FIELD_COUNT)]
  end[Field.correlationId] = bytes.length
  return { bytes, start, end }
}

/** One whose log was read from its begin. */
function readFromItsBegin(): Gateway {
  const gateway = new Gateway()
  gateway.connections.processStarted(0)
  return gateway
}

/** One that does not log `targetResponse close`. */
function gatewayWithoutCloses(): Gateway {
  const gateway = readFromItsBegin()
  const elsewhere = gateway.pool(9, 'elsewhere:1', 'x')
  for (let i = 0; i < RESPONSES_BEFORE_IT_IS_CLEAR; i++) {
    gateway.take(`early ${i}`, 0, elsewhere)
    gateway.respond(`early ${i}`, 0, elsewhere)
  }
  return gateway
}

describe('a gateway that logs when a connection is given back', () => {
  test('takes the connection that became idle last', () => {
    const gateway = readFromItsBegin()
    gateway.take('a', 0)
    gateway.take('b', 0)
    gateway.close('a', 100)
    gateway.close('b', 300)
    gateway.take('c', 1_000)
    gateway.take('d', 1_000)
    expect([gateway.close('c', 1_001), gateway.close('d', 1_002)]).toEqual([700, 900])
  })

  test('gives nothing back when a response only begins', () => {
    const gateway = readFromItsBegin()
    gateway.take('a', 0)
    expect(gateway.respond('a', 10)).toBe(UNKNOWN)
    gateway.take('b', 20)
    expect(gateway.close('b', 30)).toBe(FRESH)
  })

  test('opens a new one where all are taken', () => {
    const gateway = readFromItsBegin()
    gateway.take('a', 0)
    gateway.take('b', 50)
    expect([gateway.close('a', 100), gateway.close('b', 100)]).toEqual([FRESH, FRESH])
  })

  test('never says less than nothing where the clock steps back', () => {
    const gateway = readFromItsBegin()
    gateway.take('a', 0)
    gateway.close('a', 100)
    gateway.take('b', 90)
    expect(gateway.close('b', 95)).toBe(0)
  })
})

describe('a gateway that does not', () => {
  test('takes the connection that became idle first, from the begin of its response', () => {
    const gateway = gatewayWithoutCloses()
    gateway.take('a', 1_000)
    gateway.take('b', 1_000)
    gateway.respond('a', 1_100)
    gateway.respond('b', 1_300)
    gateway.take('c', 2_000)
    gateway.take('d', 2_000)
    expect([gateway.respond('c', 2_001), gateway.respond('d', 2_002)]).toEqual([900, 700])
  })

  test('passes over those that the target will have closed', () => {
    const gateway = gatewayWithoutCloses()
    for (const request of ['a', 'b', 'c']) gateway.take(request, 1_000)
    gateway.respond('a', 1_100)
    gateway.respond('b', 1_200)
    gateway.respond('c', HORIZON_MS)
    gateway.take('d', HORIZON_MS + 2_000)
    expect(gateway.respond('d', HORIZON_MS + 2_001)).toBe(2_000)
  })
})

describe('that a connection is new', () => {
  const firstOf = (gateway: Gateway, timeMs: number): number => {
    gateway.take('first', timeMs)
    return gateway.fail('first', timeMs)
  }

  test('is known where the log was read from the begin of the process', () => {
    expect(firstOf(readFromItsBegin(), 0)).toBe(FRESH)
  })

  test('is known where the begin of the worker was read, and of no other worker', () => {
    const gateway = new Gateway()
    gateway.connections.workerStarted(1, 0)
    expect(firstOf(gateway, 0)).toBe(FRESH)
    gateway.take('of another', 0, gateway.pool(2))
    expect(gateway.fail('of another', 0, gateway.pool(2))).toBe(UNKNOWN)
  })

  test('is not known where reading began in the middle', () => {
    expect(firstOf(new Gateway(), 0)).toBe(UNKNOWN)
  })

  test('is known where lines of the horizon before the last one were read', () => {
    const isKnown = (beganMs: number, timeMs: number): boolean => {
      const gateway = new Gateway()
      gateway.take('begin', beganMs)
      gateway.take('a', timeMs)
      return gateway.fail('a', timeMs) === FRESH
    }
    expect(isKnown(0, HORIZON_MS - 1)).toBe(false)
    expect(isKnown(0, HORIZON_MS + MINUTE_MS)).toBe(true)
    expect(isKnown(0, 2 * HORIZON_MS)).toBe(true)
    expect(isKnown(0, 2 * HORIZON_MS + MINUTE_MS)).toBe(false)
  })

  test('is not known long after the begin of a process that wrote nothing since: a replay would not see that begin', () => {
    const gateway = readFromItsBegin()
    gateway.take('a', 0)
    gateway.take('b', 2 * HORIZON_MS + 1)
    expect([gateway.fail('a'), gateway.fail('b', 2 * HORIZON_MS + 1)]).toEqual([FRESH, UNKNOWN])
  })
})

describe('idle connections', () => {
  test('are as new ones where they have been idle for longer than the horizon', () => {
    const idleAfter = (ms: number): number => {
      const gateway = readFromItsBegin()
      gateway.take('a', 0)
      gateway.close('a', 100)
      gateway.take('b', 100 + ms)
      return gateway.fail('b')
    }
    expect([idleAfter(HORIZON_MS), idleAfter(HORIZON_MS + 1)]).toEqual([HORIZON_MS, FRESH])
  })

  test('are the same from the horizon on, wherever reading began', () => {
    const whole = readFromItsBegin()
    const late = new Gateway()
    const both = [whole, late]
    whole.take('old', 0)
    whole.take('older', 0)
    whole.close('old', 10)
    // Reading begins for the other one; the older request is under way.
    for (const gateway of both) gateway.take('a', 1_000)
    for (const gateway of both) gateway.close('older', 2 * MINUTE_MS)
    for (const gateway of both) gateway.close('a', 2 * MINUTE_MS + 100)
    const answers = both.map((gateway) =>
      ['b', 'c', 'd'].map((request) => {
        gateway.take(request, MINUTE_MS + HORIZON_MS)
        return gateway.fail(request)
      }),
    )
    expect(answers[0]).toEqual([HORIZON_MS - MINUTE_MS - 100, HORIZON_MS - MINUTE_MS, FRESH])
    expect(answers[1]).toEqual(answers[0])
  })

  test('do not come back from a request that failed', () => {
    const gateway = readFromItsBegin()
    gateway.take('a', 0)
    gateway.close('a', 100)
    gateway.take('b', 1_100)
    expect(gateway.fail('b')).toBe(1_000)
    gateway.take('c', 1_200)
    expect(gateway.fail('c')).toBe(FRESH)
  })

  test('are those of one worker, target and API', () => {
    const gateway = readFromItsBegin()
    gateway.take('a', 0)
    gateway.close('a', 100)
    const others = [
      gateway.pool(2),
      gateway.pool(1, '10.0.0.10:8080'),
      gateway.pool(1, '10.0.0.9:8080', 'v2/users'),
      gateway.pool(1, '10.0.0.9:8080","v2', 'orders'),
    ]
    others.forEach((pool, i) => {
      gateway.take(`other ${i}`, 200, pool)
      expect(gateway.fail(`other ${i}`)).toBe(FRESH)
    })
    gateway.take('b', 200)
    expect(gateway.fail('b')).toBe(100)
  })

  test('are gone with a worker that begins anew', () => {
    const gateway = readFromItsBegin()
    for (const worker of [1, 2]) {
      gateway.take(`a${worker}`, 0, gateway.pool(worker))
      gateway.close(`a${worker}`, 100, gateway.pool(worker))
    }
    gateway.connections.workerStarted(1, 0)
    for (const worker of [1, 2]) gateway.take(`b${worker}`, 1_000, gateway.pool(worker))
    expect([gateway.fail('b1'), gateway.fail('b2')]).toEqual([FRESH, 900])
  })
})

describe('memory is bounded', () => {
  test('for a pool: its oldest connections are forgotten', () => {
    const gateway = readFromItsBegin()
    const pool = gateway.pool()
    for (let i = 0; i < 2 * MAX_IDLE; i++) gateway.close(`request ${i}`, i)
    expect(pool?.count).toBe(MAX_IDLE)
    expect(pool?.takeNewest()).toBe(2 * MAX_IDLE - 1)
  })

  test('for pools: of further ones nothing is said', () => {
    const gateway = readFromItsBegin()
    for (let i = 0; i < MAX_POOLS; i++) gateway.pool(1, 'target:1', `proxy ${i}`)
    const further = gateway.pool(1, 'target:1', 'one more')
    expect(further).toBeNull()
    gateway.take('a', 0, further)
    expect(gateway.close('a', 10, further)).toBe(UNKNOWN)
    expect(gateway.pool(1, 'target:1', 'proxy 0')).not.toBeNull()
  })

  test('for requests whose end is not logged: the first of them are forgotten', () => {
    const gateway = readFromItsBegin()
    for (let i = 0; i <= MAX_UNDER_WAY; i++) gateway.take(`request ${i}`, i)
    expect([gateway.fail('request 0'), gateway.fail(`request ${MAX_UNDER_WAY}`)]).toEqual([UNKNOWN, FRESH])
  })
})
