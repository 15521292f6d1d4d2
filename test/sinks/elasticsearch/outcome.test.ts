import { describe, expect, test } from '@jest/globals'
import { type Outcome, outcomeOf } from '../../../src/sinks/elasticsearch/outcome.js'

/** Statuses and error types as Elasticsearch 8.19 and 9.4 give them for an item of a bulk request. */
const CASES: readonly (readonly [Outcome, status: number, type: string | null, what: string])[] = [
  ['stored', 200, null, 'written over'],
  ['stored', 201, null, 'created'],
  ['exists', 409, 'version_conflict_engine_exception', 'created by somebody else, or changed since it was read'],
  ['missing', 404, 'document_missing_exception', 'to be changed, and gone'],
  ['missing', 404, 'index_not_found_exception', 'its index is gone'],
  ['missing', 404, null, 'to be deleted, and gone'],
  ['busy', 429, 'es_rejected_execution_exception', 'the queue of writes is full'],
  ['busy', 429, 'circuit_breaking_exception', 'the heap is full'],
  ['busy', 429, 'cluster_block_exception', 'the disk is full'],
  ['busy', 500, 'exception', 'a fault of the server'],
  ['busy', 503, 'unavailable_shards_exception', 'the shard is starting'],
  ['busy', 504, 'timeout_exception', 'a node of the cluster did not answer'],
  ['busy', 403, 'cluster_block_exception', 'somebody has blocked the index'],
  ['busy', 400, 'index_closed_exception', 'somebody has closed the index'],
  ['busy', 400, 'validation_exception', 'the cluster has all the shards that it may have'],
  ['denied', 401, 'security_exception', 'the credentials were taken back'],
  ['denied', 403, 'security_exception', 'no privilege for this index'],
  ['refused', 400, 'document_parsing_exception', 'a value that does not fit its field'],
  ['refused', 400, 'strict_dynamic_mapping_exception', 'a field that the mapping does not allow'],
  ['refused', 400, 'illegal_argument_exception', 'too many fields'],
  ['refused', 413, null, 'too large by itself'],
]

describe('what an answer asks us to do', () => {
  test.each(CASES)('is %s at %i %s (%s)', (outcome, status, type) => {
    expect(outcomeOf({ status, ...(type !== null && { error: { type, reason: 'as given' } }) })).toBe(outcome)
  })
})
