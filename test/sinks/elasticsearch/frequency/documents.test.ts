import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { CAUSES, type IndexDocument } from '../../../../src/records.js'
import {
  type FailureCount,
  frequencyDocuments,
  type RequestCount,
} from '../../../../src/sinks/elasticsearch/frequency/documents.js'
import { failure, T0, traffic } from '../../../support/documents.js'
import { countsOf, expectedCounts } from './expected.js'

const group = { minuteMs: T0, org: 'o', env: 'e', proxy: 'p', target: 'a:1' }
const resets = (failures: number, gateway = 'g1'): FailureCount => ({
  ...group,
  gateway,
  cause: 'undetermined',
  code: 'ECONNRESET',
  failures,
})
const requests = (count: number, gateway = 'g1'): RequestCount => ({ ...group, gateway, requests: count })

const only = (failures: readonly FailureCount[], counted: readonly RequestCount[]) => {
  const documents = frequencyDocuments(failures, counted)
  expect(documents).toHaveLength(1)
  return documents[0]
}

describe('frequency documents', () => {
  test('hold counts, causes, codes and ratios of a minute and group', () => {
    const timeouts = { ...resets(1), cause: 'target_timeout', code: 'ETIMEDOUT' }
    const document = only([resets(2), timeouts], [requests(15), requests(5, 'g2')])
    expect(document).toEqual({
      '@timestamp': '2021-06-23T03:52:00.000Z',
      event: { dataset: 'edgemicro.frequency', id: expect.stringMatching(/^[0-9a-f]{32}$/) },
      edgemicro: {
        org: 'o',
        env: 'e',
        proxy: 'p',
        target: 'a:1',
        requests: 20,
        failures: 3,
        resets: 2,
        failure_ratio: 0.15,
        reset_ratio: 0.1,
        covered: true,
        causes: { target_timeout: 1, undetermined: 2 },
        codes: { ECONNRESET: 2, ETIMEDOUT: 1 },
      },
    })
  })

  test('exist for requests without failures, with ratios of zero', () => {
    expect(only([], [requests(15)]).edgemicro).toMatchObject({ requests: 15, failures: 0, failure_ratio: 0, codes: {} })
  })

  test.each<[string, readonly FailureCount[], readonly RequestCount[], object]>([
    ['whose requests are not counted', [resets(1)], [], { requests: null, covered: false }],
    ['of a gateway without requests', [resets(1), resets(1, 'g2')], [requests(9)], { requests: 9, covered: false }],
    ['that are more than the requests', [resets(3)], [requests(2)], { requests: 2, covered: true }],
    ['among no requests', [resets(1)], [requests(0)], { requests: 0, covered: true }],
    ['of no known target', [{ ...resets(1), target: null }], [{ ...requests(9), target: null }], { requests: 9 }],
    ['of no known API', [{ ...resets(1), proxy: null }], [{ ...requests(9), proxy: null }], { requests: 9 }],
  ])('have no ratio for failures %s', (_, failures, counted, expected) => {
    expect(only(failures, counted).edgemicro).toMatchObject({ ...expected, failure_ratio: null, reset_ratio: null })
  })

  test.each([
    ['EPIPE', 'EPIPE'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'ERR_TLS_CERT_ALTNAME_INVALID'],
    [`E${'X'.repeat(63)}`, `E${'X'.repeat(63)}`],
    [`E${'X'.repeat(64)}`, 'other'],
    ['none', 'other'],
    ['__proto__', 'other'],
    ['A.B', 'other'],
    ['EPIPE\n', 'other'],
    ['É', 'other'],
    ['', 'none'],
    [null, 'none'],
  ])('count the code %j as %s', (code, name) => {
    expect(only([{ ...resets(2), code }], []).edgemicro.codes).toEqual({ [name]: 2 })
  })

  test('count a cause that this version does not know as undetermined', () => {
    const counts = ['gremlins', null, 'undetermined'].map((cause) => ({ ...resets(1), cause }))
    expect(only(counts, []).edgemicro.causes).toEqual({ undetermined: 3 })
  })

  test('keep groups apart whose texts look alike', () => {
    const groups = [null, 'null', '', '","', '\u0000'].map((target) => ({ ...resets(1), target }))
    const ids = frequencyDocuments(groups, []).map(({ event }) => event.id)
    expect(new Set(ids).size).toBe(groups.length)
  })

  test('say what a plain count says of the documents, in whatever order these are counted', async () => {
    await fc.assert(
      fc.asyncProperty(someDocuments, fc.infiniteStream(fc.nat()), async (documents, random) => {
        const one = counted(documents)
        const other = counted(shuffled(documents, random))
        expect(countsOf(other)).toEqual(await expectedCounts(documents))
        expect(byId(other)).toEqual(byId(one))
      }),
    )
  })
})

/** Counts each document by itself, as if every one were a group of an aggregation. */
function counted(documents: readonly IndexDocument[]) {
  const failures: FailureCount[] = []
  const counts: RequestCount[] = []
  for (const { kind, document } of documents) {
    const { org, env, proxy, target, gateway } = document.edgemicro
    const minuteMs = Math.floor(Date.parse(document['@timestamp']) / 60_000) * 60_000
    const where = { minuteMs, org, env, proxy, target, gateway }
    if (kind === 'traffic') counts.push({ ...where, requests: document.edgemicro.requests })
    else failures.push({ ...where, cause: document.edgemicro.cause, code: document.error.code, failures: 1 })
  }
  return frequencyDocuments(failures, counts)
}

function byId(documents: ReturnType<typeof frequencyDocuments>) {
  return Object.fromEntries(documents.map((document) => [document.event.id, JSON.stringify(document)]))
}

function shuffled<Value>(values: readonly Value[], random: fc.Stream<number>): readonly Value[] {
  const keys = [...random.take(values.length)]
  return values
    .map((value, index) => ({ value, key: keys[index] }))
    .sort((a, b) => a.key - b.key)
    .map((each) => each.value)
}

const where = {
  timeMs: fc.integer({ min: T0, max: T0 + 179_999 }),
  org: fc.constantFrom('o1', null),
  env: fc.constantFrom('e1', 'e2'),
  proxy: fc.constantFrom('p1', 'p\u0000', null),
  target: fc.constantFrom('a:1', 'b:2', null),
  gateway: fc.constantFrom('g1', 'g2', null),
}

const someDocuments: fc.Arbitrary<readonly IndexDocument[]> = fc.array(
  fc.oneof(
    fc
      .record({ ...where, cause: fc.constantFrom(...CAUSES), code: fc.constantFrom('ECONNRESET', 'EPIPE', 'x', null) })
      .map((sketch) => failure(sketch)),
    fc
      .record({ ...where, requests: fc.nat({ max: 20 }) })
      .map(({ timeMs, ...sketch }) => traffic({ ...sketch, timeMs: Math.floor(timeMs / 60_000) * 60_000 })),
  ),
  { maxLength: 40 },
)
