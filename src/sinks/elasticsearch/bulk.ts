import { PermanentError } from '../../errors.js'
import type { Elasticsearch } from './connection.js'

/** One line pair of a bulk request. */
export interface Operation {
  readonly action: 'create' | 'index' | 'update' | 'delete'
  readonly index: string
  readonly id: string
  /** JSON of the document; of `update`, of what it changes. Absent for `delete`. */
  readonly json?: string
  /** Written only where what is stored has a lower version (external versioning). */
  readonly version?: number
  /** Written only where nothing was written since this was read. */
  readonly readAt?: ReadAt
}

/** The state in which a document was read. */
export interface ReadAt {
  readonly seqNo: number
  readonly primaryTerm: number
}

/** What became of one operation. */
export interface ItemResult {
  readonly status: number
  readonly error?: { readonly type: string; readonly reason: string }
}

/**
 * Sends one bulk request; one result for each operation, in their order. Throws what `Elasticsearch.request` throws, for
 * the request as a whole.
 */
export async function sendBulk(
  elasticsearch: Elasticsearch,
  operations: readonly Operation[],
): Promise<readonly ItemResult[]> {
  const { body } = await elasticsearch.request<BulkAnswer>({
    method: 'POST',
    path: '/_bulk',
    // The rest of an answer is as long as the request and says nothing new.
    query: { filter_path: 'items.*.status,items.*.error.type,items.*.error.reason' },
    lines: linesOf(operations),
  })
  const items = body.items ?? []
  if (items.length !== operations.length) {
    throw new PermanentError(
      `Elasticsearch answered for ${items.length} of ${operations.length}: ${elasticsearch.name}`,
      {
        code: 'store_incompatible',
        hint: 'is there a proxy in between that changes answers?',
      },
    )
  }
  return items.map((item) => Object.values(item)[0])
}

interface BulkAnswer {
  readonly items?: readonly Readonly<Record<string, ItemResult>>[]
}

/** Bytes of an operation in a request, nearly: characters. */
export function sizeOf({ json }: Operation): number {
  return ACTION_BYTES + (json?.length ?? 0)
}

const ACTION_BYTES = 120

/** Index names and ids are made of characters that stand in JSON as they are. */
function linesOf(operations: readonly Operation[]): string {
  // One string that grows is put together once, when it is sent.
  let lines = ''
  for (const operation of operations) {
    const { action, json } = operation
    lines += headOf(operation)
    if (json !== undefined) lines += action === 'update' ? `{"doc":${json}}\n` : `${json}\n`
  }
  return lines
}

function headOf({ action, index, id, version, readAt }: Operation): string {
  const versioned = version === undefined ? '' : `,"version":${version},"version_type":"external"`
  const conditional = readAt === undefined ? '' : `,"if_seq_no":${readAt.seqNo},"if_primary_term":${readAt.primaryTerm}`
  return `{"${action}":{"_index":"${index}","_id":"${id}"${versioned}${conditional}}}\n`
}
