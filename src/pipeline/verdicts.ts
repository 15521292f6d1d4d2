import { CAUSES_BY_CONNECTION } from '../diagnose/document-reset.js'
import { Judge, windowAround } from '../diagnose/judge.js'
import type { StoredDocuments, TimeRange } from '../sinks/stored.js'
import type { Verdicts } from '../sinks/verdicts.js'
import { isFailureDocument } from './document.js'

/** How stores judge failures again; `timeouts`: idle timeouts of targets where they are known, in milliseconds. */
export function verdictsBy(timeouts: ReadonlyMap<string, number>): Verdicts {
  return {
    causes: CAUSES_BY_CONNECTION,
    // Of any failure, for it may have been an open one before it was merged with what else came of it.
    caseOf: ({ edgemicro: { target, target_source } }, timeMs) =>
      target === null || target_source !== 'log' ? null : { target, ...windowAround(timeMs) },
    newJudge: () => new Judge({ timeouts }),
  }
}

/** Gives a document of a range the verdict that all failures of a store tell together; the same object where it has that. */
export async function judgeOfStore(
  stored: StoredDocuments,
  { sinceMs, untilMs }: TimeRange,
  timeouts: ReadonlyMap<string, number>,
): Promise<(document: unknown) => unknown> {
  const judge = new Judge({ timeouts })
  const range = { sinceMs: windowAround(sinceMs).sinceMs, untilMs: windowAround(untilMs).untilMs }
  for await (const part of stored.within('failure', range)) {
    for (const { document } of part) if (isFailureDocument(document)) judge.add(document)
  }
  return (document) => (isFailureDocument(document) ? judge.judged(document) : document)
}
