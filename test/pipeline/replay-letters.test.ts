import path from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { describe, expect, test } from '@jest/globals'
import { loadPipeline } from '../../src/config/load.js'
import { type ReplayInput, replayLetters } from '../../src/pipeline/replay-letters.js'
import type { DeadLetter, IndexDocument } from '../../src/records.js'
import { rejected } from '../contract/dead-letter-contract.js'
import { readStore } from '../fault/store.js'
import { failure, traffic } from '../support/documents.js'
import { CORRELATION_ID, clientHalf, eventLine } from '../support/lines.js'
import { temporaryDirectories } from './temporary.js'

const directory = temporaryDirectories()

const refusedBy = (sink: string, document: IndexDocument | null): DeadLetter => ({
  ...{ kind: 'refused', sink, status: 400, reason: 'no', position: null },
  document,
})

/** A pipeline with a store of its own, and replays of letters in this process. */
class Place {
  readonly directory = directory()
  readonly store = path.join(this.directory, 'store.duckdb')
  readonly left: DeadLetter[] = []

  replay(letters: Iterable<DeadLetter>, options: Partial<ReplayInput> & { readonly sinks?: string } = {}) {
    const { sinks = `[{ duckdb: { path: ${JSON.stringify(this.store)} } }]`, ...more } = options
    const yaml = `
      name: test
      source: { stdin: {} }
      redact: { clientId: drop }
      sinks: ${sinks}
      state: { directory: ${JSON.stringify(path.join(this.directory, 'state'))} }`
    return replayLetters({
      config: loadPipeline(yaml, { file: 'test.yaml', environment: {} }),
      letters: Readable.from(letters),
      isDryRun: false,
      proxies: [],
      machine: 'this-machine',
      stdin: Readable.from([]),
      stdout: new PassThrough().resume(),
      signal: new AbortController().signal,
      onProblem: (problem) => {
        throw problem
      },
      onRemaining: async (batch) => void this.left.push(...batch),
      ...more,
    })
  }
}

describe('refused documents', () => {
  test('go to the sinks of the kind that refused them; of two counts of a minute the larger stays', async () => {
    const place = new Place()
    const counts = [5, 9, 7].map((requests) => refusedBy('duckdb', traffic({ requests })))
    const letters = [
      refusedBy('duckdb', failure({ id: 'a' })),
      ...counts,
      refusedBy('elasticsearch', failure({ id: 'b' })),
    ]
    const result = await place.replay(letters)
    expect(result).toMatchObject({ letters: 5, documents: 4, failures: 0 })
    expect([...result.remaining]).toEqual([['no_sink', 1]])
    expect(place.left).toEqual(letters.slice(4))
    const stored = await readStore(place.store)
    expect(stored.failures).toMatchObject([{ id: 'a' }])
    expect(stored.traffic.map(({ requests }) => Number(requests))).toEqual([9])
    await place.replay([...letters].reverse())
    expect(await readStore(place.store)).toEqual(stored)
  })

  test('go to no sink of another kind', async () => {
    const place = new Place()
    const stdout = new PassThrough()
    const sinks = `[{ stdout: {} }, { duckdb: { path: ${JSON.stringify(place.store)} } }]`
    const letters = [refusedBy('duckdb', failure({ id: 'a' })), rejected(clientHalf())]
    expect(await place.replay(letters, { sinks, stdout })).toMatchObject({ documents: 1, failures: 1 })
    const printed = String(stdout.read()).trimEnd().split('\n')
    expect(printed.map((line) => JSON.parse(line).http.request.id)).toEqual([CORRELATION_ID])
    expect((await readStore(place.store)).failures).toHaveLength(2)
  })

  test('that a letter does not hold remain', async () => {
    const place = new Place()
    const { remaining } = await place.replay([refusedBy('duckdb', null)])
    expect([...remaining]).toEqual([['cut', 1]])
  })
})

test('letters that remain keep their order, over many of them', async () => {
  const place = new Place()
  const letters = Array.from({ length: 3_500 }, (_, index) =>
    index % 3 === 0 ? refusedBy('duckdb', failure({ id: `f${index}` })) : rejected(`poison ${index}`),
  )
  const result = await place.replay(letters)
  expect(result).toMatchObject({ letters: 3_500, documents: 1_167 })
  expect(place.left).toEqual(letters.filter(({ kind }) => kind === 'rejected'))
  expect((await readStore(place.store)).failures).toHaveLength(1_167)
})

test('where no sink takes documents, halves remain and what gives none does not', async () => {
  const place = new Place()
  const kafka = '[{ kafka: { topic: lines } }]'
  const lines = [clientHalf(), eventLine({ level: 'debug', status: '' })].map((line) => rejected(line))
  const result = await place.replay(lines, { sinks: kafka })
  expect(result).toMatchObject({ understood: 1, failures: 0 })
  expect([...result.remaining]).toEqual([['no_sink', 1]])
})

test('an abort ends it with its reason, and what was written by then is stored', async () => {
  const place = new Place()
  const stop = new AbortController()
  function* letters(): Generator<DeadLetter> {
    for (let index = 0; ; index++) {
      if (index === 2_500) stop.abort(new Error('stopped'))
      yield refusedBy('duckdb', failure({ id: `f${index}` }))
    }
  }
  await expect(place.replay(letters(), { signal: stop.signal })).rejects.toThrow('stopped')
  expect((await readStore(place.store)).failures).toHaveLength(2_000)
})
