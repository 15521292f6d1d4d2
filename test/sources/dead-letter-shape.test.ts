import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { letterOf } from '../../src/sources/dead-letter-shape.js'
import { refused, rejected } from '../contract/dead-letter-contract.js'
import { failure, traffic } from '../support/documents.js'

const read = (value: unknown) => letterOf(JSON.stringify(value))

test('letters of both kinds are taken as they are, those of older versions and with unknown fields, too', () => {
  const { gateway: _, ...older } = { ...rejected('x'), position: { source: 'a', offset: 0 } } as Record<string, unknown>
  const letters = [
    rejected('x'),
    older,
    { ...rejected('x'), added: { later: 1 } },
    { ...rejected('x'), reason: 'a_newer_reason' },
    refused(),
    { ...refused(), document: null, cut: true },
    { ...refused(), document: traffic(), position: null },
    { ...refused(), document: failure({ halves: 'client' }) },
    { ...refused(), document: failure({ halves: 'target' }) },
  ]
  for (const letter of letters) expect(read(letter)).toEqual(letter)
})

test('another entry of parse is no letter, and neither is what is no object', () => {
  expect(read({ kind: 'event', timestamp: 'x' })).toBe('other')
  for (const text of ['', 'x', '1', 'null', '"rejected"', '[{"kind":"rejected"}]', '{"kind":"rejected"']) {
    expect(letterOf(text)).toBeNull()
  }
})

test.each([
  ['a text that is none', { ...rejected('x'), text: 7 }],
  ['no position', { ...rejected('x'), position: null }],
  ['an offset that is none', { ...rejected('x'), position: { source: 'a', offset: 'b' } }],
  ['half a message', { ...rejected('x'), position: { source: 'a', offset: 0, kafka: { topic: 't' } } }],
  ['a document that is a text', { ...refused(), document: 'x' }],
  ['a document without an id', { ...refused(), document: { ...failure(), id: undefined } }],
  ['a document of an unknown kind', { ...refused(), document: { ...failure(), kind: 'other' } }],
  ['a failure that is traffic', { ...refused(), document: { ...traffic(), kind: 'failure' } }],
])('what has %s is no letter', (_, value) => {
  expect(read(value)).toBe('other')
})

test('a document that lacks any one of its fields is no letter', () => {
  const places = (value: unknown, place: readonly string[] = []): (readonly string[])[] =>
    typeof value !== 'object' || value === null || Array.isArray(value)
      ? [place]
      : Object.entries(value).flatMap(([key, each]) => [[...place, key], ...places(each, [...place, key])])
  const optional = /^(?:event\.(?:kind|category|type|outcome|dataset)|edgemicro\.(?:phase|evidence\..*))$/
  for (const { document } of [failure(), traffic()]) {
    const kind = 'http' in document ? 'failure' : 'traffic'
    for (const place of places(document)) {
      if (kind === 'failure' && optional.test(place.join('.'))) continue
      const copy = structuredClone(document) as unknown as Record<string, unknown>
      const holder = place.slice(0, -1).reduce((inner, key) => inner[key] as Record<string, unknown>, copy)
      delete holder[place.at(-1)!]
      expect([place.join('.'), read({ ...refused(), document: { kind, id: 'x', document: copy } })]).toEqual([
        place.join('.'),
        'other',
      ])
    }
  }
})

test('any JSON is read without an error', () => {
  fc.assert(
    fc.property(fc.json(), fc.json(), (document, position) => {
      letterOf(`{"kind":"refused","reason":"x","sink":"s","status":1,"document":${document},"position":${position}}`)
      letterOf(`{"kind":"rejected","reason":"x","text":"s","position":${position}}`)
    }),
  )
})
