import { HangupError, PermanentError, TransientError } from '../../errors.js'
import { pauseAfter, type RetryOptions } from '../../retry.js'
import { type ItemResult, type Operation, sendBulk, sizeOf } from './bulk.js'
import type { Congestion } from './congestion.js'
import { type Elasticsearch, statusOf } from './connection.js'
import { mayNotBeMade, type Outcome, outcomeOf } from './outcome.js'

/** How an operation ended; `why` says why it was refused. */
export interface Written {
  readonly operation: Operation
  readonly outcome: Exclude<Outcome, 'busy' | 'denied'>
  readonly why?: ItemResult
}

/**
 * Writes operations by bulk requests until each one has ended. What the server has no room for is sent again, in
 * smaller requests and after longer waits, for as long as the run goes on.
 */
export class Writer {
  constructor(
    private readonly elasticsearch: Elasticsearch,
    private readonly congestion: Congestion,
    private readonly retry: RetryOptions,
  ) {}

  /**
   * In the order of the operations; ids within one call differ. Throws `PermanentError` (`store_denied`,
   * `store_incompatible`) where nothing can be written, `TransientError` only at a stop.
   */
  async write(operations: readonly Operation[]): Promise<readonly Written[]> {
    const ended = new Map<Operation, Written>()
    let open = operations
    let attempt = 0
    while (open.length > 0) {
      const isLast = this.retry.signal?.aborted === true
      const { rest, fault } = await this.#pass(open, ended)
      if (fault !== null) {
        if (isLast) throw fault
        // Some of it went through: the server is not away, so the waits begin anew.
        attempt = rest.length < open.length ? 0 : attempt + 1
        await pauseAfter(fault, attempt, this.retry)
      }
      open = rest
    }
    return operations.map((operation) => ended.get(operation)!)
  }

  /** Sends all of them once, request after request; what is left over, and why. */
  async #pass(operations: readonly Operation[], ended: Map<Operation, Written>): Promise<Pass> {
    const rest: Operation[] = []
    for (let start = 0; start < operations.length; ) {
      const portion = portionOf(operations, start, this.congestion.batchBytes)
      start += portion.length
      const fault = await this.#send(portion, ended)
      if (fault === null) continue
      rest.push(...portion.filter((operation) => !ended.has(operation)))
      // While the server is busy or away, the next request would only add to that.
      return { rest: [...rest, ...operations.slice(start)], fault }
    }
    return { rest, fault: null }
  }

  /** One request, or two halves of one that is refused as a whole. */
  async #send(portion: readonly Operation[], ended: Map<Operation, Written>): Promise<TransientError | null> {
    await this.congestion.acquire()
    let results: readonly ItemResult[]
    try {
      results = await sendBulk(this.elasticsearch, portion)
    } catch (error) {
      if (error instanceof TransientError) {
        if (error.code === 'store_busy') this.congestion.busy()
        return error
      }
      const status = statusOf(error)
      if (status !== 400 && status !== 413) throw error
      if (portion.length === 1) {
        const reason = error instanceof HangupError ? error.message : String(error)
        ended.set(portion[0], {
          operation: portion[0],
          outcome: 'refused',
          why: { status, error: { type: 'request', reason } },
        })
        return null
      }
      results = []
    } finally {
      this.congestion.release()
    }
    if (results.length > 0) return this.#settle(portion, results, ended)
    // Too large, or one line of it cannot be read: halves find the one that it is for.
    const middle = Math.ceil(portion.length / 2)
    const first = await this.#send(portion.slice(0, middle), ended)
    return first ?? this.#send(portion.slice(middle), ended)
  }

  #settle(
    portion: readonly Operation[],
    results: readonly ItemResult[],
    ended: Map<Operation, Written>,
  ): TransientError | null {
    let busy: ItemResult | null = null
    for (const [index, operation] of portion.entries()) {
      const result = results[index]
      const outcome = outcomeOf(result)
      const isIndexGone = outcome === 'missing' && (operation.action === 'create' || operation.action === 'index')
      if (isIndexGone && mayNotBeMade(result)) throw this.#notMade(operation, result)
      // Somebody deleted the index in this very moment: the next request makes it anew.
      if (outcome === 'busy' || isIndexGone) busy = result
      else if (outcome === 'denied') throw this.#denied(operation, result)
      else ended.set(operation, { operation, outcome, ...(outcome === 'refused' && { why: result }) })
    }
    if (busy === null) {
      this.congestion.succeeded()
      return null
    }
    if (busy.status === 429) this.congestion.busy()
    const count = portion.filter((operation) => !ended.has(operation)).length
    return new TransientError(
      `bulk write: ${busy.status} for ${count} of ${portion.length} documents: ${this.elasticsearch.name} (${reasonOf(busy)})`,
      { code: 'store_busy', hint: hintFor(busy) },
    )
  }

  #denied({ index }: Operation, result: ItemResult): PermanentError {
    return new PermanentError(`may not write to ${index}: ${this.elasticsearch.name} (${reasonOf(result)})`, {
      code: 'store_denied',
      hint: 'give the user or API key the privileges that the README lists for the sink',
    })
  }

  #notMade({ index }: Operation, result: ItemResult): PermanentError {
    return new PermanentError(`cannot make the index ${index}: ${this.elasticsearch.name} (${reasonOf(result)})`, {
      code: 'store_incompatible',
      hint: 'let the cluster make indices by itself: action.auto_create_index must allow that name',
    })
  }
}

interface Pass {
  readonly rest: readonly Operation[]
  readonly fault: TransientError | null
}

/** From `start` on, as many as fit; at least one. */
function portionOf(operations: readonly Operation[], start: number, maxBytes: number): readonly Operation[] {
  let bytes = 0
  let end = start
  while (end < operations.length) {
    bytes += sizeOf(operations[end])
    if (bytes > maxBytes && end > start) break
    end++
  }
  return operations.slice(start, end)
}

function reasonOf({ error }: ItemResult): string {
  return error === undefined ? 'no reason given' : `${error.type}: ${error.reason}`.slice(0, 300)
}

function hintFor({ error }: ItemResult): string {
  if (/flood-stage|disk usage exceeded/.test(error?.reason ?? '')) {
    return 'the disk of Elasticsearch is full: make room there; writing goes on by itself when it lifts the block'
  }
  if (error?.type === 'cluster_block_exception') return 'somebody has blocked writing to this index: lift the block'
  if (error?.type === 'index_closed_exception') return 'somebody has closed this index: open it, or delete it'
  if (error?.type === 'validation_exception')
    return 'the cluster has all the shards that it may have: delete old indices'
  return 'Elasticsearch has no room for more at the moment: it will be tried again'
}
