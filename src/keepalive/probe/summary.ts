import type { KeepAliveHeader } from './keep-alive-header.js'
import type { Sample } from './measure.js'

/** What the connections of one probe say together. */
export interface ProbeSummary {
  /** `measured`: at least one was closed by the target; `open`: none within the wait; `not_kept`: each answer ended its connection. */
  readonly state: 'measured' | 'open' | 'not_kept'
  /** The median, of the closed ones; null where there is none. */
  readonly idleTimeoutMs: number | null
  readonly lowMs: number | null
  readonly highMs: number | null
  readonly closedBy: 'fin' | 'rst' | 'both' | null
  /** How long the longest one stayed open without an end; null where each one ended. */
  readonly openForMs: number | null
  /** Of the last answer that had one. */
  readonly header: KeepAliveHeader | null
  /** Median less the announced time: negative where the target closes sooner than it says. Null where one of them is not known. */
  readonly differenceMs: number | null
  /** Of the last answer. */
  readonly status: number
}

/** `samples` is not empty. */
export function summarize(samples: readonly Sample[]): ProbeSummary {
  const closed = samples.filter(({ outcome }) => outcome === 'closed')
  const times = closed.flatMap(({ idleMs }) => idleMs ?? []).toSorted((a, b) => a - b)
  const open = samples.flatMap(({ outcome, idleMs }) => (outcome === 'open' && idleMs !== null ? [idleMs] : []))
  const ways = [...new Set(closed.map(({ closedBy }) => closedBy))]
  const header = samples.findLast((sample) => sample.header !== null)?.header ?? null
  const idleTimeoutMs = median(times)
  const announcedMs = header?.timeoutMs ?? null
  return {
    state: closed.length > 0 ? 'measured' : open.length > 0 ? 'open' : 'not_kept',
    idleTimeoutMs,
    lowMs: times[0] ?? null,
    highMs: times.at(-1) ?? null,
    closedBy: ways.length > 1 ? 'both' : (ways[0] ?? null),
    openForMs: open.length === 0 ? null : Math.max(...open),
    header,
    differenceMs: idleTimeoutMs === null || announcedMs === null ? null : idleTimeoutMs - announcedMs,
    status: samples[samples.length - 1].status,
  }
}

function median(sorted: readonly number[]): number | null {
  if (sorted.length === 0) return null
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
