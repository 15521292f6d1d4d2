import type { IndexDocument } from '../../records.js'
import { countOf, type MergeFailures, together } from '../collapse.js'
import type { Stored } from '../settler.js'
import type { ItemResult, Operation } from './bulk.js'
import { documentId, indexOf, neighbours } from './documents.js'
import type { Sighting } from './unite.js'
import type { Uniter } from './uniter.js'
import type { Writer } from './writer.js'

export interface LaneOptions {
  readonly prefix: string
  readonly mergeFailures: MergeFailures
  readonly writer: Writer
  readonly uniter: Uniter
  /** How long a document may wait for others. */
  readonly lingerMs: number
  /** So many documents wait for no others. */
  readonly fullAt: number
  /**
   * Told of what is stored now, also where it was so before: whoever stored it may have died before it was told. A failure
   * that was merged is told as it was, too.
   */
  readonly onStored: (documents: readonly Stored[]) => void
  /** Told of a document that the store will not take; it counts as done. */
  readonly onRefused: (document: IndexDocument, why: ItemResult | undefined) => void
}

/** Called once when a document is stored or refused. */
export type Done = () => void

/**
 * Writes the documents of some ids, one bulk after another, so that those of one id take effect in their order. What
 * comes while a bulk is under way is collected for the next; documents of one id become one.
 */
export class Lane {
  readonly #options: LaneOptions
  readonly #waiting = new Map<string, Entry>()
  #isRunning = false
  /** Whether the oldest that waits has waited for others long enough; a bulk under way counts as waiting. */
  #isRipe = false
  #ripening: NodeJS.Timeout | undefined
  #wake: () => void = () => {}

  constructor(options: LaneOptions) {
    this.#options = options
  }

  /** Takes a document; `onFailure` is told where the lane has stopped for good. */
  add(document: IndexDocument, done: Done, onFailure: (error: unknown) => void): void {
    const id = documentId(document.id)
    const key = `${document.kind} ${id}`
    const present = this.#waiting.get(key)
    if (present === undefined) {
      this.#waiting.set(key, { id, document, done: [done] })
      if (this.#waiting.size === 1) this.#ripen()
    } else {
      present.document = together(present.document, document, this.#options.mergeFailures)
      present.done.push(done)
    }
    if (this.#waiting.size >= this.#options.fullAt) this.#wake()
    if (this.#isRunning) return
    this.#isRunning = true
    this.#run().catch(onFailure)
  }

  async #run(): Promise<void> {
    try {
      while (this.#waiting.size > 0) {
        if (this.#waiting.size < this.#options.fullAt && !this.#isRipe) await this.#others()
        const entries = this.#take()
        await this.#write(entries)
        for (const { done } of entries) for (const tell of done) tell()
      }
    } finally {
      // At once: whoever was told that a document is stored may bring the next before this promise is settled.
      this.#isRunning = false
    }
  }

  /** As many as fill a request: whoever waits for these does not wait for the next ones too. */
  #take(): readonly Entry[] {
    const entries: Entry[] = []
    for (const [key, entry] of this.#waiting) {
      if (entries.length >= this.#options.fullAt) break
      entries.push(entry)
      this.#waiting.delete(key)
    }
    clearTimeout(this.#ripening)
    if (this.#waiting.size > 0) this.#ripen()
    return entries
  }

  #ripen(): void {
    this.#isRipe = false
    this.#ripening = setTimeout(() => {
      this.#isRipe = true
      this.#wake()
    }, this.#options.lingerMs)
  }

  #others(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }

  async #write(entries: readonly Entry[]): Promise<void> {
    const { prefix, writer, uniter, onStored, onRefused } = this.#options
    const operations = entries.map((entry) => operationOf(prefix, entry))
    const stored: Stored[] = []
    const sightings: Sighting[] = []
    const documents = new Map<Sighting, IndexDocument>()
    const fresh: Sighting[] = []
    for (const [index, { outcome, why }] of (await writer.write(operations)).entries()) {
      const { id, document } = entries[index]
      if (outcome === 'refused') {
        onRefused(document, why)
        continue
      }
      stored.push(document)
      if (document.kind !== 'failure') continue
      const away = neighbours(prefix, document.document)
      if (outcome === 'stored' && away.length === 0) continue
      const sighting = { id, document: document.document, indices: [indexOf(prefix, document), ...away] }
      documents.set(sighting, document)
      if (outcome === 'stored') fresh.push(sighting)
      else sightings.push(sighting)
    }
    // Before the merging, which may fail: what changed is to be counted again in any case.
    onStored(stored)
    const { seen, refused } = await uniter.unite([...sightings, ...(await uniter.elsewhere(fresh))])
    onStored(seen.map((document) => ({ document })))
    for (const { sighting, why } of refused) onRefused(documents.get(sighting)!, why)
  }
}

interface Entry {
  readonly id: string
  document: IndexDocument
  readonly done: Done[]
}

/** A new failure is created, and never written over; a count is written where it is larger than what is there. */
function operationOf(prefix: string, { id, document }: Entry): Operation {
  const index = indexOf(prefix, document)
  const json = JSON.stringify(document.document)
  if (document.kind === 'failure') return { action: 'create', index, id, json }
  return { action: 'index', index, id, json, version: 1 + countOf(document.document) }
}
