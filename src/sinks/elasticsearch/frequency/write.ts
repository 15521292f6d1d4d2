import { PermanentError, TransientError } from '../../../errors.js'
import { type Elasticsearch, reasonOf } from '../connection.js'
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

const NOT_FOUND = 404
const CONFLICT = 409
const BUSY = 429

interface BulkAnswer {
  readonly items: readonly Readonly<Record<string, Outcome>>[]
}

interface Outcome {
  readonly status: number
  readonly error?: unknown
}

function linesOf(write: FrequencyWrite): string {
  const place = { _index: write.index, _id: write.id }
  if (write.kind === 'create') return `${JSON.stringify({ create: place })}\n${JSON.stringify(write.document)}\n`
  const versioned = { ...place, if_seq_no: write.seqNo, if_primary_term: write.primaryTerm }
  if (write.kind === 'delete') return `${JSON.stringify({ delete: versioned })}\n`
  return `${JSON.stringify({ index: versioned })}\n${JSON.stringify(write.document)}\n`
}

/** False where another had changed the document, true where it is as we want it. Throws what stands in the way. */
function isDone({ status, error }: Outcome, { kind, index }: FrequencyWrite): boolean {
  if (status < 300) return true
  if (status === CONFLICT || (kind === 'delete' && status === NOT_FOUND)) return false
  const what = `${kind} answered ${status}: ${index} (${reasonOf({ error })})`
  if (status === BUSY || status >= 500) {
    const hint = 'Elasticsearch is busy, out of disk or has lost shards: it will be tried again'
    throw new TransientError(what, { code: status === BUSY ? 'store_busy' : 'store_unreachable', hint })
  }
  throw new PermanentError(what, {
    code: status === 401 || status === 403 ? 'store_denied' : 'store_incompatible',
    hint: 'has the index the template that hangup setup elasticsearch installs, and may this user write and delete in it?',
  })
}
