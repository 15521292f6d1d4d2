import { MINUTE_MS } from '../frequency/answer.js'
import type { Filter } from '../frequency/question.js'
import type { IndexDocument } from '../records.js'

/**
 * Whether a document lies within a filter: failures by their own time, traffic by whole minutes (that of `sinceMs`
 * counts as a whole). A code filters failures only.
 */
export function passes(filter: Filter): (document: IndexDocument) => boolean {
  const { sinceMs = Number.NEGATIVE_INFINITY, untilMs = Number.POSITIVE_INFINITY, target, proxy, code } = filter
  const sinceMinuteMs = Number.isFinite(sinceMs) ? Math.floor(sinceMs / MINUTE_MS) * MINUTE_MS : sinceMs
  const isTimed = Number.isFinite(sinceMs) || Number.isFinite(untilMs)
  return (document) => {
    const { edgemicro } = document.document
    if (target !== undefined && edgemicro.target !== target) return false
    if (proxy !== undefined && edgemicro.proxy !== proxy) return false
    if (document.kind === 'failure' && code !== undefined && document.document.error.code !== code) return false
    if (!isTimed) return true
    const timeMs = Date.parse(document.document['@timestamp'])
    return timeMs >= (document.kind === 'failure' ? sinceMs : sinceMinuteMs) && timeMs < untilMs
  }
}
