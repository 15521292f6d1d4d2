import { Judge } from '../../src/diagnose/judge.js'
import { toFailureDocument, UNKNOWN_TARGET } from '../../src/pipeline/document.js'
import type { FailureDocument, IndexDocument } from '../../src/records.js'
import { T0 } from './documents.js'
import { facts, failureOf, half } from './failures.js'

/** What a test says of a request on a reused connection that was reset; by default requests at its idle time are rare. */
export interface ResetSketch {
  readonly id: string
  /** Of both halves. */
  readonly timeMs?: number
  readonly target?: string
  readonly gateway?: string
  readonly idleMs: number
  readonly reuses?: number
  readonly near?: number
  readonly same?: number
  readonly halves?: 'both' | 'target' | 'client'
  /** 504: the gateway gave up waiting, and the reset is its own. */
  readonly status?: number
}

export type FailureRecord = IndexDocument & { readonly kind: 'failure'; readonly document: FailureDocument }

/** As the pipeline gives it to a store that judges it. */
export function reset(sketch: ResetSketch): FailureRecord {
  const { id, timeMs = T0, target = '10.0.0.9:8080', gateway = 'gw', halves = 'both', status = 502 } = sketch
  const { reuses = 400, near = 2, same = 1, idleMs } = sketch
  const at = timeMs - T0
  const connection = { idle_ms: idleMs, reuses, reuses_near: near, reuses_same: same, resets_near: 0 }
  const targetHalf = half('request_error', { at, host: target, connection })
  const failure = failureOf({
    id,
    request: facts({ correlationId: id, gateway }),
    target: halves === 'client' ? [] : [targetHalf],
    client: halves === 'target' ? null : half('client', { at, status }),
  })
  return { kind: 'failure', id, document: toFailureDocument(failure, UNKNOWN_TARGET) }
}

/** Resets of connections that had been idle for as long, some milliseconds apart. */
export const resetsAt = (idleMs: number, count: number, sketch: Partial<ResetSketch> = {}): readonly FailureRecord[] =>
  Array.from({ length: count }, (_, i) =>
    reset({ ...sketch, id: `${sketch.id ?? 'race'}-${i}`, idleMs: idleMs - (i % 10) * 3 }),
  )

/** Documents as a store holds them that holds no others. */
export function judgedTogether(documents: readonly IndexDocument[]): readonly IndexDocument[] {
  const judge = new Judge()
  for (const each of documents) if (each.kind === 'failure') judge.add(each.document)
  return documents.map((each) => (each.kind === 'failure' ? { ...each, document: judge.judged(each.document) } : each))
}
