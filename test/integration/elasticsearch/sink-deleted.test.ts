import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { IndexDocument } from '../../../src/records.js'
import type { Request } from '../../../src/sinks/elasticsearch/connection.js'
import { mergeFailures } from '../../support/documents.js'
import { ask, clusterUrl, demand, removeAll, uniquePrefix } from '../../support/elasticsearch/cluster.js'
import { counts, DAY, expectCounted, expectStored, failures, faultOptions, halves, watchedSink } from './faults.js'
import { withSink } from './sink-options.js'

let prefix: string

beforeEach(() => {
  prefix = uniquePrefix('deleted')
})

afterEach(() => removeAll(prefix))

const optionsOf = (changes = {}) => faultOptions(prefix, { url: clusterUrl() }, changes)

const deleteIndex = (kind: string, day = DAY) => ask('DELETE', `/${prefix}-${kind}-${day}`)

describe('an index that is deleted', () => {
  test('between two writes is made anew by the next one, with the mapping of the template', async () => {
    const { options, retries } = optionsOf()
    const [lost, kept] = [failures(20), failures(20, { from: 100 })]
    await withSink(options, async (sink) => {
      await sink.write(lost)
      await deleteIndex('failures')
      await sink.write([...kept, ...failures(1, { from: 200, day: 1 })])
    })
    expect(retries.filter(({ message }) => !message.includes('index_not_found_exception'))).toEqual([])
    await expectStored(prefix, [...kept, ...failures(1, { from: 200, day: 1 })])
    const mappings = await demand<Record<string, unknown>>('GET', `/${prefix}-failures-2021.06.*/_mapping`)
    const [made, other] = Object.values(mappings)
    expect(made).toEqual(other)
    expect(made).toMatchObject({ mappings: { dynamic: 'false', properties: { '@timestamp': { type: 'date' } } } })
  })

  test('in the middle of a write takes with it what was stored by then, and nothing more', async () => {
    const { options } = optionsOf({ inFlight: 1, maxBatchBytes: 16 * 1024 })
    const written = failures(200)
    const after: string[] = []
    let bulks = 0
    await withSink(options, async () => {})
    const sink = watchedSink(options, {
      async before({ path, lines = '' }) {
        if (path !== '/_bulk') return
        if (++bulks === 4) await deleteIndex('failures')
        if (bulks >= 4) after.push(lines)
      },
    })
    await sink.write(written)
    const isAfter = ({ id }: IndexDocument) => after.some((lines) => lines.includes(`"_id":"${id}"`))
    expect(written.filter(isAfter).length).toBeGreaterThan(50)
    expect(written.filter(isAfter).length).toBeLessThan(written.length)
    await expectStored(prefix, written.filter(isAfter))

    await sink.write(written)
    await expectStored(prefix, written)
    await sink.close()
  })

  test('again and again while writes and counts are under way ends no write with an error, and what is written after it is there', async () => {
    const { options } = optionsOf()
    const written = [...failures(300), ...counts(5)]
    await withSink(options, async (sink) => {
      let isDeleting = true
      const writing = async (): Promise<void> => {
        for (let start = 0; isDeleting; start = (start + 20) % written.length) {
          await sink.write(written.slice(start, start + 20))
          await sink.settle({ now: true })
        }
      }
      const deleting = async (): Promise<void> => {
        for (let round = 0; round < 20; round++) {
          for (const kind of ['failures', 'traffic']) await deleteIndex(kind)
          await deleteIndex('frequency', '2021.06')
          await sleep(100)
        }
        isDeleting = false
      }
      await Promise.all([writing(), deleting()])
      await sink.write(written)
      await sink.settle({ now: true })
    })
    await expectStored(prefix, written)
    await expectCounted(prefix, written)
  })
})

const MIDNIGHT = Date.UTC(2021, 5, 24)
const NEXT_DAY = '2021.06.24'

/**
 * A failure whose target half is stored; its client half comes, and an index is deleted behind one of the requests that
 * merging takes. `left`: what is stored then.
 */
const MERGES: readonly {
  readonly name: string
  readonly timeMs: number
  readonly day: string
  readonly behind: readonly [path: string, nth: number]
  readonly left: 'union' | 'client' | 'nothing'
}[] = [
  {
    name: 'the index of both halves, before the stored one is read',
    timeMs: MIDNIGHT - 5,
    day: DAY,
    behind: ['/_bulk', 1],
    left: 'client',
  },
  {
    name: 'the index of both halves, after the stored one was read',
    timeMs: MIDNIGHT - 5,
    day: DAY,
    behind: ['/_mget', 1],
    left: 'client',
  },
  {
    name: 'the index of both halves, after the merge was written',
    timeMs: MIDNIGHT - 5,
    day: DAY,
    behind: ['/_bulk', 2],
    left: 'nothing',
  },
  {
    name: 'the index of the other half, before it is looked for',
    timeMs: MIDNIGHT,
    day: DAY,
    behind: ['/_bulk', 1],
    left: 'client',
  },
  {
    name: 'the index of the other half, before it is read',
    timeMs: MIDNIGHT,
    day: DAY,
    behind: ['/_mget', 1],
    left: 'client',
  },
  {
    name: 'the index of the other half, after it was read',
    timeMs: MIDNIGHT,
    day: DAY,
    behind: ['/_mget', 2],
    left: 'union',
  },
  {
    name: 'the index of the other half, after the merge was written',
    timeMs: MIDNIGHT,
    day: DAY,
    behind: ['/_bulk', 2],
    left: 'union',
  },
  {
    name: 'the index of the merge, before the other half is looked for',
    timeMs: MIDNIGHT,
    day: NEXT_DAY,
    behind: ['/_bulk', 1],
    left: 'union',
  },
  {
    name: 'the index of the merge, before the other half is read',
    timeMs: MIDNIGHT,
    day: NEXT_DAY,
    behind: ['/_mget', 1],
    left: 'union',
  },
  {
    name: 'the index of the merge, after both were read',
    timeMs: MIDNIGHT,
    day: NEXT_DAY,
    behind: ['/_mget', 2],
    left: 'union',
  },
  {
    name: 'the index of the merge, after it was written',
    timeMs: MIDNIGHT,
    day: NEXT_DAY,
    behind: ['/_bulk', 2],
    left: 'nothing',
  },
]

describe('in the middle of a merge', () => {
  test.each(MERGES)('$name: $left is left, and all when it is written again', async ({ timeMs, day, behind, left }) => {
    const { options, retries } = optionsOf()
    const { target, client } = halves('f1', timeMs)
    const whole: IndexDocument = { ...client, document: mergeFailures(target.document, client.document) }
    const expected = { union: [whole], client: [client], nothing: [] }[left]
    await withSink(options, (sink) => sink.write([target]))

    const seen: string[] = []
    const sink = watchedSink(options, {
      async after({ path }: Request) {
        const [place, nth] = behind
        seen.push(path)
        if (path === place && seen.filter((each) => each === place).length === nth) await deleteIndex('failures', day)
      },
    })
    await sink.write([client])
    await expectStored(prefix, expected)

    await sink.write([client])
    await sink.write([target])
    await expectStored(prefix, [whole])
    await sink.close()
    // A request that reaches the server in the very moment of the deletion may find no index; nothing else is tried again.
    expect(retries.filter(({ message }) => !message.includes('index_not_found_exception'))).toEqual([])
  })
})
