import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { FailureDocument } from '../../src/records.js'
import { writeFailure } from '../../src/sinks/failure-json.js'
import { JsonBytes } from '../../src/sinks/json-bytes.js'
import { failure } from '../support/documents.js'

const written = (documents: readonly FailureDocument[]): unknown[] => {
  const out = new JsonBytes()
  for (const document of documents) writeFailure(out, document)
  const lines = Buffer.from(out.take()).toString().split('\n')
  expect(lines.pop()).toBe('')
  return lines.map((line) => JSON.parse(line))
}

/** Less the halves that only stores need. */
const expected = (documents: readonly FailureDocument[]): unknown[] =>
  documents.map(({ edgemicro: { target_halves: _, client_half: __, ...edgemicro }, ...rest }) =>
    JSON.parse(JSON.stringify({ ...rest, edgemicro })),
  )

const text = fc.string({ unit: 'binary', maxLength: 300 })
const number = fc.option(
  fc.oneof(fc.integer(), fc.maxSafeInteger(), fc.double({ noNaN: true, noDefaultInfinity: true })),
)
const document = fc
  .record({
    code: fc.option(text),
    message: fc.option(text),
    target: fc.option(text),
    method: fc.option(text),
    path: fc.option(text),
    query: text,
    worker: fc.option(text),
    gateway: fc.option(text),
    status: fc.option(fc.nat()),
  })
  .chain((sketch) =>
    fc.dictionary(fc.constantFrom('elapsed_ms', 'idle_ms', 'reused'), number).map((evidence): FailureDocument => {
      const { document: made } = failure(sketch)
      return { ...made, edgemicro: { ...made.edgemicro, evidence: { ...evidence } } }
    }),
  )

test('says what JSON.stringify does, whatever the fields hold', () => {
  fc.assert(
    fc.property(fc.array(document, { maxLength: 5 }), (documents) => {
      expect(written(documents)).toEqual(expected(documents))
    }),
  )
})

test('a document without query, and one whose evidence is empty', () => {
  const { document: plain } = failure()
  const documents = [plain, { ...plain, edgemicro: { ...plain.edgemicro, evidence: {} } }]
  expect(written(documents)).toEqual(expected(documents))
})

test('more documents than a buffer holds at first, of which no two are alike', () => {
  const documents = Array.from({ length: 6_000 }, (_, i) => failure({ path: `/${i}`, worker: String(i) }).document)
  expect(written(documents)).toEqual(expected(documents))
})
