import type { FailureDocument, IndexDocument, TrafficDocument } from '../records.js'

/** Merges two documents of one failure; commutative, associative and idempotent. */
export type MergeFailures = (stored: FailureDocument, incoming: FailureDocument) => FailureDocument

/**
 * What two counts of one minute say together: a count only grows while its lines are read, whoever reads them, so the
 * larger one is the later. Then neither a replay that has begun nor an instance that has lost its partition can leave
 * less than was counted already.
 */
export function largerCount(one: TrafficDocument, other: TrafficDocument): TrafficDocument {
  return countOf(other) > countOf(one) ? other : one
}

/** The number by which counts of one minute are compared. */
export function countOf({ edgemicro }: TrafficDocument): number {
  return edgemicro.requests + edgemicro.responses
}

/** What two documents of one id and kind say together. */
export function together(one: IndexDocument, other: IndexDocument, mergeFailures: MergeFailures): IndexDocument {
  if (one.kind === 'failure' && other.kind === 'failure') {
    return { ...one, document: mergeFailures(one.document, other.document) }
  }
  if (one.kind === 'traffic' && other.kind === 'traffic') {
    return { ...one, document: largerCount(one.document, other.document) }
  }
  return other
}
