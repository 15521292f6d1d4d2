import { describe, expect, test } from '@jest/globals'
import { PermanentError, TransientError } from '../../../../src/errors.js'
import { frequencyDocuments } from '../../../../src/sinks/elasticsearch/frequency/documents.js'
import type { FrequencyWrite } from '../../../../src/sinks/elasticsearch/frequency/plan.js'
import { writeFrequency } from '../../../../src/sinks/elasticsearch/frequency/write.js'

const PLACE = { index: 'hangup-frequency-2021.06', id: 'f1', minuteMs: 60_000 }
const GROUP = { minuteMs: PLACE.minuteMs, org: 'o', env: 'e', proxy: 'p', target: 't:1', gateway: 'g' }
const [DOCUMENT] = frequencyDocuments([{ ...GROUP, cause: 'undetermined', code: null, failures: 1 }], [])
const VERSION = { seqNo: 7, primaryTerm: 1 }
const WRITES: Readonly<Record<FrequencyWrite['kind'], FrequencyWrite>> = {
  create: { ...PLACE, kind: 'create', document: DOCUMENT },
  replace: { ...PLACE, ...VERSION, kind: 'replace', document: DOCUMENT },
  delete: { ...PLACE, ...VERSION, kind: 'delete' },
}

/** What comes of a write whose item of the bulk request is answered so. */
function writing(kind: FrequencyWrite['kind'], status: number, type?: string, reason = 'as given') {
  const item = { status, ...(type !== undefined && { error: { type, reason } }) }
  const request = async () => ({ status: 200, body: { items: [{ [kind]: item }] } }) as never
  return writeFrequency({ request }, [WRITES[kind]])
}

describe('a write of the frequency', () => {
  test.each(['create', 'replace', 'delete'] as const)('%s: is done where it was stored', async (kind) => {
    expect([...(await writing(kind, 200))]).toEqual([])
  })

  test.each([
    ['create', 409, 'version_conflict_engine_exception'],
    ['replace', 409, 'version_conflict_engine_exception'],
    ['replace', 404, 'index_not_found_exception'],
    ['delete', 404, undefined],
    ['delete', 404, 'index_not_found_exception'],
  ] as const)('%s: has its minute counted again at %i %s', async (kind, status, type) => {
    expect([...(await writing(kind, status, type))]).toEqual([PLACE.minuteMs])
  })

  test('is tried again where its index was deleted in this very moment', async () => {
    await expect(writing('create', 404, 'index_not_found_exception')).rejects.toThrow(TransientError)
  })

  test('fails for good where the cluster may not make its index', async () => {
    const reason = 'no such index [x] and [action.auto_create_index] contains [-x] which forbids it'
    await expect(writing('create', 404, 'index_not_found_exception', reason)).rejects.toThrow(PermanentError)
  })

  test.each([
    [429, 'es_rejected_execution_exception', TransientError],
    [503, 'unavailable_shards_exception', TransientError],
    [403, 'security_exception', PermanentError],
    [400, 'document_parsing_exception', PermanentError],
  ])('at %i %s it throws what may be tried again, and what may not', async (status, type, expected) => {
    await expect(writing('create', status, type)).rejects.toThrow(expected)
  })
})
