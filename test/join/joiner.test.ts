import { describe, expect, test } from '@jest/globals'
import { type ClientAbortedNote, Joiner, type JoinerOptions } from '../../src/join/joiner.js'
import type { Half, HalfRole, RequestFacts } from '../../src/records.js'
import { T0 } from '../support/documents.js'
import { facts, type HalfSketch, half } from '../support/failures.js'

const WINDOW_MS = 5_000

const joinerOf = (options: Partial<JoinerOptions> = {}): Joiner =>
  new Joiner({ windowMs: WINDOW_MS, maxPending: 1_000, emit: 'final', ...options })

interface Added extends HalfSketch {
  readonly isReplay?: boolean
  readonly id?: string
  readonly partition?: string
  readonly watermarkMs?: number
  readonly request?: RequestFacts
}

function add(joiner: Joiner, role: HalfRole, added: Added = {}) {
  const {
    id = 'a',
    partition = 'p',
    watermarkMs = Number.NEGATIVE_INFINITY,
    request = facts(),
    isReplay = false,
    ...sketch
  } = added
  joiner.isReplay = isReplay
  return joiner.add({ id, half: half(role, sketch), partition, watermarkMs, request: () => request })
}

const closeAt = (joiner: Joiner, at: number) => joiner.close(() => T0 + at, T0 + at)
const roles = (halves: readonly Half[]): readonly HalfRole[] => halves.map(({ role }) => role)

describe('two halves', () => {
  test.each<[string, readonly HalfRole[]]>([
    ['target first', ['request_error', 'client']],
    ['client first', ['client', 'request_error']],
  ])('make one failure: %s', (_, order) => {
    const joiner = joinerOf()
    for (const role of order) expect(add(joiner, role)).toEqual([])
    const failures = joiner.closeAll()
    expect(failures).toHaveLength(1)
    expect(failures[0]).toMatchObject({ id: 'a', target: [{ role: 'request_error' }], client: { role: 'client' } })
  })

  test('make one failure over two partitions', () => {
    const joiner = joinerOf()
    add(joiner, 'request_error', { partition: 'p' })
    add(joiner, 'client', { partition: 'q' })
    expect(joiner.closeAll()).toHaveLength(1)
  })

  test('of different requests make two', () => {
    const joiner = joinerOf()
    add(joiner, 'request_error', { id: 'a' })
    add(joiner, 'client', { id: 'b' })
    expect(joiner.closeAll().map(({ id }) => id)).toEqual(['a', 'b'])
  })

  test('with several records of the target make one failure, in the order of roles', () => {
    const joiner = joinerOf()
    for (const role of ['response_aborted', 'client', 'response_error', 'request_error'] as const) add(joiner, role)
    const [failure] = joiner.closeAll()
    expect(roles(failure.target)).toEqual(['request_error', 'response_error', 'response_aborted'])
  })

  test('seen twice change nothing', () => {
    const joiner = joinerOf()
    for (const role of ['request_error', 'client', 'request_error', 'client'] as const) add(joiner, role)
    const [failure, ...rest] = joiner.closeAll()
    expect(rest).toEqual([])
    expect(failure.target).toHaveLength(1)
  })

  test('know what either of them knows', () => {
    const joiner = joinerOf()
    add(joiner, 'request_error', { request: facts({ clientIp: null, clientKey: null }) })
    add(joiner, 'client', { request: facts() })
    expect(joiner.closeAll()[0].request).toEqual(facts())
  })
})

describe('closing', () => {
  test('emits an orphan once the watermark has passed it by the window', () => {
    const joiner = joinerOf()
    add(joiner, 'client')
    expect(closeAt(joiner, WINDOW_MS - 1)).toEqual([])
    expect(closeAt(joiner, WINDOW_MS)).toHaveLength(1)
    expect(joiner.size).toBe(0)
  })

  test('emits each failure once', () => {
    const joiner = joinerOf()
    add(joiner, 'client')
    closeAt(joiner, WINDOW_MS)
    expect(closeAt(joiner, 10 * WINDOW_MS)).toEqual([])
    expect(joiner.closeAll()).toEqual([])
  })

  test("counts the window from a request's last line", () => {
    const joiner = joinerOf()
    add(joiner, 'request_error', { at: 0 })
    add(joiner, 'client', { at: 3_000 })
    expect(closeAt(joiner, WINDOW_MS + 2_999)).toEqual([])
    expect(closeAt(joiner, WINDOW_MS + 3_000)).toHaveLength(1)
  })

  test('lets a late half wait a window from the watermark', () => {
    const joiner = joinerOf()
    add(joiner, 'client', { at: 0, watermarkMs: T0 + 60_000 })
    expect(closeAt(joiner, 60_000 + WINDOW_MS - 1)).toEqual([])
    expect(closeAt(joiner, 60_000 + WINDOW_MS)).toHaveLength(1)
  })

  test('opens a failure of the same id for a half that comes too late', () => {
    const joiner = joinerOf()
    add(joiner, 'request_error')
    const [first] = closeAt(joiner, WINDOW_MS)
    add(joiner, 'client', { watermarkMs: T0 + WINDOW_MS })
    const [second] = joiner.closeAll()
    expect(first).toMatchObject({ id: 'a', client: null })
    expect(second).toMatchObject({ id: 'a', target: [], client: { role: 'client' } })
  })

  test('goes by the watermark of each partition', () => {
    const joiner = joinerOf()
    add(joiner, 'client', { id: 'slow', partition: 'slow' })
    add(joiner, 'client', { id: 'fast', partition: 'fast' })
    const due = joiner.close((partition) => (partition === 'fast' ? T0 + WINDOW_MS : T0), T0 + WINDOW_MS)
    expect(due.map(({ id }) => id)).toEqual(['fast'])
    expect(joiner.size).toBe(1)
  })

  test('emits in the order of completion', () => {
    const joiner = joinerOf()
    for (const at of [3_000, 1_000, 2_000]) add(joiner, 'client', { id: `${at}`, at })
    add(joiner, 'request_error', { id: '1000', at: 4_000 })
    expect(joiner.closeAll().map(({ id }) => id)).toEqual(['2000', '3000', '1000'])
  })

  test('emits everything at the end', () => {
    const joiner = joinerOf()
    add(joiner, 'client', { id: 'a' })
    add(joiner, 'request_error', { id: 'b' })
    expect(joiner.closeAll()).toHaveLength(2)
    expect(joiner.size).toBe(0)
  })

  test('tells from when on lines are needed for what is open in a partition', () => {
    const joiner = joinerOf()
    expect(joiner.earliestMs()('p')).toBe(Number.POSITIVE_INFINITY)
    add(joiner, 'client', { at: 500 })
    add(joiner, 'request_error', { at: 100 })
    add(joiner, 'client', { id: 'b', at: 50, partition: 'q' })
    expect(['p', 'q'].map(joiner.earliestMs())).toEqual([T0 + 100, T0 + 50])
  })
})

describe('memory', () => {
  test('emits the oldest as they are where too many are open', () => {
    const joiner = joinerOf({ maxPending: 10 })
    const due = []
    for (let i = 0; i < 25; i++) {
      due.push(...add(joiner, 'client', { id: `${i}`, at: i * 1_000 }))
      expect(joiner.size).toBeLessThanOrEqual(10)
    }
    expect(due.map(({ id }) => Number(id))).toEqual(Array.from({ length: 15 }, (_, i) => i))
    expect(joiner.evicted).toBe(15)
    expect(joiner.closeAll()).toHaveLength(10)
  })

  test("stays bounded where only the gateway's notes of gone clients come", () => {
    const joiner = joinerOf({ maxPending: 10 })
    for (let i = 0; i < 100; i++) note(joiner, { id: `${i}`, timeMs: T0 + i, afterMs: 5 })
    expect(joiner.size).toBeLessThanOrEqual(10)
  })
})

describe('a note that the client had gone', () => {
  test.each(['before', 'between', 'after'])('belongs to its failure where it comes %s the halves', (when) => {
    const joiner = joinerOf()
    const noteIt = () => note(joiner)
    if (when === 'before') noteIt()
    add(joiner, 'request_error')
    if (when === 'between') noteIt()
    add(joiner, 'client')
    if (when === 'after') noteIt()
    expect(joiner.closeAll()).toMatchObject([{ clientAbortedAfterMs: 40, client: {}, target: [{}] }])
  })

  test('is no failure by itself', () => {
    const joiner = joinerOf()
    note(joiner)
    expect(closeAt(joiner, WINDOW_MS)).toEqual([])
    expect(joiner.size).toBe(0)
  })
})

describe('eager', () => {
  test('emits a failure as soon as both halves are there, and not again', () => {
    const joiner = joinerOf({ emit: 'eager' })
    expect(add(joiner, 'request_error')).toEqual([])
    expect(add(joiner, 'client')).toMatchObject([{ id: 'a', client: {}, target: [{}] }])
    expect(joiner.closeAll()).toEqual([])
  })

  test('emits it again when more comes', () => {
    const joiner = joinerOf({ emit: 'eager' })
    add(joiner, 'request_error')
    add(joiner, 'client')
    expect(add(joiner, 'response_error')).toMatchObject([{ target: [{}, {}] }])
    note(joiner)
    expect(joiner.closeAll()).toMatchObject([{ clientAbortedAfterMs: 40 }])
  })

  test('emits an orphan at the watermark only', () => {
    const joiner = joinerOf({ emit: 'eager' })
    expect(add(joiner, 'request_error')).toEqual([])
    expect(closeAt(joiner, WINDOW_MS)).toMatchObject([{ client: null }])
  })
})

describe('what has changed', () => {
  test('is emitted as it stands and stays open: a half that comes later completes it', () => {
    const joiner = joinerOf({ emit: 'eager' })
    add(joiner, 'request_error')
    expect(joiner.changed()).toMatchObject([{ id: 'a', client: null }])
    expect(joiner.changed()).toEqual([])
    expect(add(joiner, 'client')).toMatchObject([{ id: 'a', client: {}, target: [{}] }])
    expect(joiner.changed()).toEqual([])
    expect(joiner.closeAll()).toEqual([])
  })
})

describe.each(['final', 'eager'] as const)('lines that are read again, %s', (emit) => {
  test('make no failure by themselves', () => {
    const joiner = joinerOf({ emit })
    expect(add(joiner, 'request_error', { isReplay: true })).toEqual([])
    expect(add(joiner, 'client', { isReplay: true })).toEqual([])
    note(joiner)
    expect(joiner.changed()).toEqual([])
    expect(joiner.closeAll()).toEqual([])
  })

  test('complete a failure that a new line belongs to', () => {
    const joiner = joinerOf({ emit })
    add(joiner, 'request_error', { isReplay: true })
    const failures = [...add(joiner, 'client'), ...joiner.closeAll()]
    expect(failures).toMatchObject([{ id: 'a', target: [{ role: 'request_error' }], client: { role: 'client' } }])
  })

  test('are emitted with a new note that the client had gone', () => {
    const joiner = joinerOf({ emit })
    add(joiner, 'request_error', { isReplay: true })
    joiner.isReplay = false
    note(joiner)
    expect(joiner.closeAll()).toMatchObject([{ id: 'a', clientAbortedAfterMs: 40 }])
  })
})

test('partitions that are forgotten leave nothing behind', () => {
  const joiner = joinerOf({ emit: 'eager' })
  add(joiner, 'request_error', { id: 'a', partition: 'p' })
  add(joiner, 'request_error', { id: 'b', partition: 'q' })
  joiner.forget((partition) => partition === 'p')
  expect(joiner.earliestMs()('p')).toBe(Number.POSITIVE_INFINITY)
  expect(closeAt(joiner, WINDOW_MS)).toMatchObject([{ id: 'b' }])
  expect(joiner.size).toBe(0)
})

function note(joiner: Joiner, given: Partial<ClientAbortedNote> = {}) {
  return joiner.noteClientAborted({
    id: 'a',
    partition: 'p',
    watermarkMs: Number.NEGATIVE_INFINITY,
    timeMs: T0,
    afterMs: 40,
    ...given,
  })
}

describe('pairs are counted', () => {
  const pairsOf = (joiner: Joiner) => ({ ...joiner.pairs })

  test('by whether their halves came by one way or by two, once for each failure', () => {
    const joiner = joinerOf({ placeOf: (partition) => partition.slice(0, 1) })
    for (const [id, first, second] of [
      ['a', 'p/1', 'p/1'],
      ['b', 'p/1', 'p/2'],
      ['c', 'p/1', 'q/1'],
    ]) {
      add(joiner, 'request_error', { id, partition: first })
      add(joiner, 'client', { id, partition: second })
      add(joiner, 'response_error', { id, partition: second })
    }
    expect(pairsOf(joiner)).toEqual({ together: 2, apart: 1, alone: 0 })
  })

  test('with the target halves that closed alone; a client half alone is nothing strange', () => {
    const joiner = joinerOf()
    add(joiner, 'request_error', { id: 'a' })
    add(joiner, 'client', { id: 'b' })
    closeAt(joiner, 60_000)
    expect(pairsOf(joiner)).toEqual({ together: 0, apart: 0, alone: 1 })
  })

  test('without those that had to make room: nobody knows what would have come', () => {
    const joiner = joinerOf({ maxPending: 1 })
    add(joiner, 'request_error', { id: 'a' })
    add(joiner, 'request_error', { id: 'b' })
    expect(pairsOf(joiner)).toEqual({ together: 0, apart: 0, alone: 0 })
  })
})

describe('a failure that is remembered after it closed', () => {
  const remembering = (maxRemembered = 10) => joinerOf({ maxRemembered })

  test('is completed by a half that comes later, at whatever time', () => {
    const joiner = remembering()
    add(joiner, 'request_error')
    closeAt(joiner, 60_000)
    add(joiner, 'client', { watermarkMs: T0 + 60_000 })
    expect(closeAt(joiner, 120_000)).toMatchObject([{ id: 'a', target: [{ role: 'request_error' }], client: {} }])
  })

  test('gets a note that comes later, and a note that came before it', () => {
    const joiner = remembering()
    const note = { partition: 'p', watermarkMs: Number.NEGATIVE_INFINITY, timeMs: T0, afterMs: 7 }
    add(joiner, 'client', { id: 'a' })
    joiner.noteClientAborted({ id: 'b', ...note })
    closeAt(joiner, 60_000)
    joiner.noteClientAborted({ id: 'a', ...note })
    add(joiner, 'client', { id: 'b' })
    expect(joiner.closeAll()).toMatchObject([
      { id: 'a', clientAbortedAfterMs: 7 },
      { id: 'b', clientAbortedAfterMs: 7 },
    ])
  })

  test('is not given out again where nothing comes', () => {
    const joiner = remembering()
    add(joiner, 'client')
    expect(closeAt(joiner, 60_000)).toHaveLength(1)
    expect([...joiner.changed(), ...joiner.closeAll()]).toEqual([])
    expect(joiner.size).toBe(0)
  })

  test('asks for no old lines, whatever completes it', () => {
    const joiner = remembering()
    add(joiner, 'request_error')
    closeAt(joiner, 60_000)
    expect(joiner.earliestMs()('p')).toBe(Number.POSITIVE_INFINITY)
    add(joiner, 'client', { at: 55_000 })
    expect(joiner.earliestMs()('p')).toBe(T0 + 55_000)
  })

  test('is forgotten where many came after it, and with its partition', () => {
    const joiner = remembering(1)
    for (const id of ['a', 'b', 'c']) add(joiner, 'request_error', { id, partition: id })
    closeAt(joiner, 60_000)
    joiner.forget((partition) => partition === 'c')
    for (const id of ['a', 'b', 'c']) add(joiner, 'client', { id })
    expect(joiner.closeAll().map(({ target }) => target.length)).toEqual([0, 0, 0])
  })
})
