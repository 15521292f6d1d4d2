import { PermanentError, TransientError } from '../../../errors.js'
import type { ItemResult } from '../bulk.js'
import { type Elasticsearch, reasonOf } from '../connection.js'
import { mayNotBeMade, outcomeOf } from '../outcome.js'
import type { FrequencyWrite } from './plan.js'

/**
 * Carries out writes, each only where its document is as it was read. Returns the minutes of those that were refused
 * because it is not. Throws `TransientError` where a write may succeed later, `PermanentError` where none will; what came
 * before it is stored.
 */
export async function writeFrequency(
  elasticsearch: Pick<Elasticsearch, 'request'>,
  writes: readonly FrequencyWrite[],
): Promise<ReadonlySet<number>> {
  const refused = new Set<number>()
  for (let at = 0; at < writes.length; at += BULK_WRITES) {
    const part = writes.slice(at, at + BULK_WRITES)
    const { body } = await elasticsearch.request<BulkAnswer>({
      method: 'POST',
      path: '/_bulk',
      lines: part.map(linesOf).join(''),
    })
    body.items.forEach((item, position) => {
      const [outcome] = Object.values(item)
      if (!isDone(outcome, part[position])) refused.add(part[position].minuteMs)
    })
  }
  return refused
}

/** Documents are some 600 bytes each. */
const BULK_WRITES = 4_000

interface BulkAnswer {
  readonly items: readonly Readonly<Record<string, ItemResult>>[]
}

function linesOf(write: FrequencyWrite): string {
  const place = { _index: write.index, _id: write.id }
  if (write.kind === 'create') return `${JSON.stringify({ create: place })}\n${JSON.stringify(write.document)}\n`
  const versioned = { ...place, if_seq_no: write.seqNo, if_primary_term: write.primaryTerm }
  if (write.kind === 'delete') return `${JSON.stringify({ delete: versioned })}\n`
  return `${JSON.stringify({ index: versioned })}\n${JSON.stringify(write.document)}\n`
}

/** False where another had changed the document, true where it is as we want it. Throws what stands in the way. */
function isDone(result: ItemResult, { kind, index }: FrequencyWrite): boolean {
  const outcome = outcomeOf(result)
  if (outcome === 'stored') return true
  const isGone = outcome === 'missing' && !mayNotBeMade(result)
  if (outcome === 'exists' || (isGone && kind !== 'create')) return false
  const { status } = result
  const what = `${kind} answered ${status}: ${index} (${reasonOf(result)})`
  // A new document of an index that was deleted in this very moment is written with the next request: that makes it anew.
  if (outcome === 'busy' || isGone) {
    const hint = 'Elasticsearch is busy, out of disk or has lost shards, or somebody has blocked or closed the index'
    throw new TransientError(what, { code: status < 500 ? 'store_busy' : 'store_unreachable', hint })
  }
  throw new PermanentError(what, {
    code: outcome === 'denied' ? 'store_denied' : 'store_incompatible',
    hint: 'has the index the template that hangup setup elasticsearch installs, and may this user write and delete in it?',
  })
}
