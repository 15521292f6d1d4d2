import type { Cause, FailureDocument } from '../../src/records.js'
import { failure } from './documents.js'

/** What a test says of a failure whose cause its connection may tell; by default requests at its idle time are rare. */
export interface Judged {
  readonly id?: string
  readonly target?: string
  readonly targetSource?: 'log' | 'inferred'
  readonly cause?: Cause
  readonly code?: string | null
  readonly idleMs: number | null
  readonly reuses?: number
  readonly near?: number
  readonly same?: number
}

export function judgedDocument(sketch: Judged): FailureDocument {
  const { id, target, cause, code, idleMs, reuses = 400, near = 2, same = 1, targetSource } = sketch
  const { document } = failure({ id, target, cause, code })
  const { evidence, confidence, target_source, ...edgemicro } = document.edgemicro
  return {
    ...document,
    edgemicro: {
      ...edgemicro,
      target_source: targetSource ?? target_source,
      confidence: edgemicro.cause === 'undetermined' ? 0 : confidence,
      evidence: {
        ...evidence,
        idle_ms: idleMs,
        reused: idleMs === null ? null : 1,
        reuses: idleMs === null ? null : reuses,
        reuses_near: idleMs === null ? null : near,
        reuses_same: idleMs === null ? null : same,
        resets_near: idleMs === null ? null : 0,
      },
    },
  }
}

/** Resets of connections that had been idle for as long, some milliseconds apart. */
export const racesAt = (idleMs: number, count: number, target?: string): readonly FailureDocument[] =>
  Array.from({ length: count }, (_, i) => judgedDocument({ idleMs: idleMs - (i % 10) * 3, target, id: `race-${i}` }))
