import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { mergeFailures } from '../../src/join/failure.js'
import { mergeFailureDocuments, toFailureDocument } from '../../src/pipeline/document.js'
import type { Connection, Failure, FailureDocument, Half, HalfRole } from '../../src/records.js'
import { facts, failureOf, half } from '../support/failures.js'

const connections: fc.Arbitrary<Connection> = fc.oneof(
  fc.constantFrom(null, 'new' as const),
  fc
    .record({ idle_ms: fc.nat({ max: 2 }), reuses: fc.constantFrom(0, 9, 10) })
    .map((seen) => ({ ...seen, reuses_near: 0, reuses_same: 0, resets_near: 0 })),
)

/** Where a half stands decides what it says: one line is one half. What was seen of its connection depends on where reading began. */
const halfOf = (role: HalfRole): fc.Arbitrary<Half> =>
  fc
    .record({
      at: fc.nat({ max: 2 }),
      offset: fc.nat({ max: 2 }),
      source: fc.constantFrom('a', 'b'),
      connection: role === 'request_error' ? connections : fc.constant(null),
    })
    .map((place) =>
      half(role, {
        connection: place.connection,
        at: place.at,
        position: { offset: place.offset, source: place.source },
        errorMessage: `${role} at ${place.source} ${place.offset} ${place.at}`,
        status: role === 'client' ? 500 + place.at * 2 : null,
      }),
    )

const maybe = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<Value | null> => fc.option(value, { nil: null })

/** Sightings of one failed request: some of its halves, some of its facts. */
const sightings: fc.Arbitrary<Failure> = fc
  .record({
    request: maybe(halfOf('request_error')),
    response: maybe(halfOf('response_error')),
    aborted: maybe(halfOf('response_aborted')),
    client: maybe(halfOf('client')),
    clientIp: maybe(fc.constantFrom('10.0.0.1', '10.0.0.2')),
    path: maybe(fc.constantFrom('/a', '/b')),
    query: maybe(fc.constantFrom('a=***', 'b=***')),
    clientAbortedAfterMs: maybe(fc.nat({ max: 3 })),
  })
  .filter(({ request, response, aborted, client }) => (request ?? response ?? aborted ?? client) !== null)
  .map(({ request, response, aborted, client, clientIp, path, query, clientAbortedAfterMs }) =>
    failureOf({
      request: facts({ clientIp, path, query }),
      target: [request, response, aborted].filter((each) => each !== null),
      client,
      clientAbortedAfterMs,
    }),
  )

const documents: fc.Arbitrary<FailureDocument> = fc
  .tuple(sightings, fc.boolean())
  .map(([failure, isInferred]) =>
    toFailureDocument(
      failure,
      isInferred ? { target: '10.0.0.9:8080', source: 'inferred' } : { target: null, source: 'unknown' },
    ),
  )

function describeMerge<Value>(values: fc.Arbitrary<Value>, merge: (a: Value, b: Value) => Value): void {
  test('does not depend on the order of two', () => {
    fc.assert(fc.property(values, values, (a, b) => expect(merge(a, b)).toEqual(merge(b, a))))
  })

  test('does not depend on the order of three', () => {
    fc.assert(
      fc.property(values, values, values, (a, b, c) => expect(merge(merge(a, b), c)).toEqual(merge(a, merge(b, c)))),
    )
  })

  test('changes nothing for what was there before', () => {
    fc.assert(
      fc.property(values, values, (a, b) => {
        const merged = merge(a, b)
        expect(merge(a, a)).toEqual(a)
        expect(merge(merged, a)).toEqual(merged)
        expect(merge(b, merged)).toEqual(merged)
      }),
    )
  })
}

describe('mergeFailures', () => {
  describeMerge(sightings, mergeFailures)
})

describe('mergeFailureDocuments, in the order of a store', () => {
  describeMerge(documents, mergeFailureDocuments)

  test('gives the document of the merged failures', () => {
    fc.assert(
      fc.property(sightings, sightings, (a, b) => {
        const unknown = { target: null, source: 'unknown' } as const
        expect(mergeFailureDocuments(toFailureDocument(a, unknown), toFailureDocument(b, unknown))).toEqual(
          toFailureDocument(mergeFailures(a, b), unknown),
        )
      }),
    )
  })
})
