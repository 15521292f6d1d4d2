import { describe, expect, test } from '@jest/globals'
import { TransientError } from '../../src/errors.js'
import { type HealthState, liveness, readiness } from '../../src/observability/health.js'
import { SinkWatch } from '../../src/observability/sink-watch.js'
import type { Sink } from '../../src/sinks/sink.js'
import { failure } from '../support/documents.js'

const state = (changes: Partial<HealthState> = {}): HealthState => ({
  phase: 'running',
  idleMs: 0,
  waitsForLines: false,
  sinks: [],
  nowMs: 0,
  ...changes,
})

/** A watched sink whose store answers as the list says, call by call. */
function watched(...outcomes: readonly ('stored' | 'away' | 'silent')[]) {
  let nowMs = 0
  const left = [...outcomes]
  const watch = new SinkWatch('elasticsearch', () => nowMs)
  const sink: Sink = watch.over({
    name: 'elasticsearch',
    write: () => {
      const outcome = left.shift()
      if (outcome === 'silent') return new Promise(() => {})
      if (outcome === 'stored') return Promise.resolve()
      return Promise.reject(
        new TransientError('no answer: https://user:secret@es', { code: 'store_unreachable', hint: '' }),
      )
    },
    close: async () => {},
  })
  const write = () => sink.write([failure()]).catch(() => {})
  return { watch, write, pass: (milliseconds: number) => (nowMs += milliseconds) }
}

describe('a run is alive', () => {
  test('while it moves', () => {
    expect(liveness(state({ idleMs: 59_000 })).reasons).toEqual([])
  })

  test('no longer when it has stood still for a minute', () => {
    expect(liveness(state({ idleMs: 75_300 })).reasons).toEqual(['the run has not moved for 75 s'])
  })

  test('while it is being started, however long a store takes', () => {
    expect(liveness(state({ phase: 'starting', idleMs: 600_000 })).reasons).toEqual([])
  })

  test('while it waits for lines that may come at any time', () => {
    expect(liveness(state({ waitsForLines: true, idleMs: 600_000 })).reasons).toEqual([])
  })

  test('while its store is away: a new process would not reach it either', async () => {
    const { watch, write } = watched('away')
    await write()
    expect(liveness(state({ sinks: [watch], idleMs: 600_000 })).reasons).toEqual([])
  })

  test('while it waits for a write, and no longer when the write is done', async () => {
    const { watch, write } = watched('stored', 'silent')
    await write()
    expect(liveness(state({ sinks: [watch], idleMs: 600_000 })).reasons).toHaveLength(1)
    void write()
    expect(liveness(state({ sinks: [watch], idleMs: 600_000 })).reasons).toEqual([])
  })
})

describe('a run is ready', () => {
  test.each(['starting', 'stopping'] as const)('but not while it is %s', (phase) => {
    expect(readiness(state({ phase })).reasons).toEqual([phase])
  })

  test('again when a write is confirmed, and not while a store fails for longer than a moment', async () => {
    const { watch, write, pass } = watched('stored', 'away', 'away', 'stored')
    const reasons = (nowMs: number) => readiness(state({ sinks: [watch], nowMs })).reasons
    await write()
    expect(reasons(pass(60_000))).toEqual([])
    await write()
    expect(reasons(pass(1_000))).toEqual([])
    await write()
    expect(reasons(pass(11_500))).toEqual(['elasticsearch: store_unreachable for 12 s'])
    await write()
    expect(reasons(pass(0))).toEqual([])
  })

  test('but not where a sink that tries again by itself tells of failures', () => {
    const { watch, pass } = watched()
    watch.retried('store_busy')
    expect(readiness(state({ sinks: [watch], nowMs: pass(6_000) })).reasons).toEqual([
      'elasticsearch: store_busy for 6 s',
    ])
    watch.recovered()
    expect(readiness(state({ sinks: [watch], nowMs: pass(6_000) })).reasons).toEqual([])
  })

  test('or says why in words of our own, without address or secret', async () => {
    const { watch, write, pass } = watched('away')
    await write()
    const { reasons } = readiness(state({ sinks: [watch], nowMs: pass(10_000) }))
    expect(reasons.join()).not.toMatch(/secret|http/)
  })
})

describe('a watched sink', () => {
  test('counts what is confirmed, what is refused and what is tried again', async () => {
    const { watch, write } = watched('stored', 'away', 'stored', 'stored')
    for (let call = 0; call < 4; call++) await write()
    watch.refused(1)
    expect(watch.counts).toEqual({ sink: 'elasticsearch', stored: 2, retries: 1, refused: 1 })
  })

  test('is the sink as it was: what it lacks is lacking still', () => {
    const bare = new SinkWatch('stdout', () => 0).over({ name: 'stdout', write: async () => {}, close: async () => {} })
    expect([bare.name, bare.maxWrites, bare.settle]).toEqual(['stdout', undefined, undefined])
    const calls: string[] = []
    const whole = new SinkWatch('elasticsearch', () => 0).over({
      name: 'elasticsearch',
      maxWrites: 4,
      write: async () => {},
      settle: async () => void calls.push('settle'),
      report: () => void calls.push('report'),
      close: async () => void calls.push('close'),
    })
    expect(whole.maxWrites).toBe(4)
    void whole.settle?.()
    void whole.close()
    expect(calls).toEqual(['settle', 'close'])
  })
})
