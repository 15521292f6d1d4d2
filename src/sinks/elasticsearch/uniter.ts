import type { FailureDocument } from '../../records.js'
import { type RetryOptions, retrying } from '../../retry.js'
import type { MergeFailures } from '../collapse.js'
import type { ItemResult } from './bulk.js'
import type { Elasticsearch } from './connection.js'
import { indexOf } from './documents.js'
import { type Copy, planUnion, readCopies, readPresent, type Sighting, type Union } from './unite.js'
import type { Writer, Written } from './writer.js'

export interface UniterOptions {
  readonly elasticsearch: Elasticsearch
  readonly prefix: string
  readonly writer: Writer
  readonly mergeFailures: MergeFailures
  readonly retry: RetryOptions
}

export interface United {
  /** Failures as they are now, and as they were. */
  readonly seen: readonly FailureDocument[]
  readonly refused: readonly { readonly sighting: Sighting; readonly why: ItemResult | undefined }[]
}

/** Merges failures with what is stored of them, until each one is one document that holds all that is known. */
export class Uniter {
  readonly #options: UniterOptions

  constructor(options: UniterOptions) {
    this.#options = options
  }

  /**
   * Those of failures just written to their own index that have a part in another one. Nearly none has: so that is asked
   * first, and what was just written is not read back. Whoever writes another part meanwhile looks here after that.
   */
  async elsewhere(written: readonly Sighting[]): Promise<readonly Sighting[]> {
    const { elasticsearch, prefix, retry } = this.#options
    const found: Sighting[] = []
    for (let start = 0; start < written.length; start += MAX_READ) {
      const places = written.slice(start, start + MAX_READ).map((sighting) => ({
        sighting,
        id: sighting.id,
        indices: sighting.indices.filter(
          (index) => index !== indexOf(prefix, { kind: 'failure', document: sighting.document }),
        ),
      }))
      const present = await retrying(() => readPresent(elasticsearch, places), retry)
      for (const { id, sighting } of places) if (present.has(id)) found.push(sighting)
    }
    return found
  }

  /** Throws as `Writer.write` does. */
  async unite(sightings: readonly Sighting[]): Promise<United> {
    const seen: FailureDocument[] = []
    const refused: { sighting: Sighting; why: ItemResult | undefined }[] = []
    for (let start = 0; start < sightings.length; start += MAX_READ) {
      let open: readonly Sighting[] = sightings.slice(start, start + MAX_READ)
      while (open.length > 0) {
        const round = await this.#round(open)
        seen.push(...round.seen)
        refused.push(...round.refused)
        open = round.open
      }
    }
    return { seen, refused }
  }

  /** Reads, merges and writes once; `open` are those that somebody else wrote meanwhile. */
  async #round(sightings: readonly Sighting[]): Promise<United & { readonly open: readonly Sighting[] }> {
    const { elasticsearch, prefix, mergeFailures, retry, writer } = this.#options
    const stored = await retrying(() => readCopies(elasticsearch, sightings), retry)
    const steps = sightings.map((sighting): Step => {
      const copies = stored.get(sighting.id) ?? []
      return { sighting, copies, union: planUnion(prefix, sighting, copies, mergeFailures) }
    })
    const writes = await writer.write(steps.flatMap(({ union }) => union.write ?? []))
    const ends = new Map(writes.map((end) => [end.operation, end]))
    const endOf = ({ union }: Step) => (union.write === null ? NOTHING_TO_WRITE : ends.get(union.write)!)
    const written = steps.filter((step) => endOf(step).outcome === 'stored')
    const removals = await writer.write(written.flatMap(({ union }) => union.removals))
    const contested = new Set(
      removals.filter(({ outcome }) => outcome === 'exists').map(({ operation }) => operation.id),
    )
    const isOpen = (step: Step): boolean =>
      endOf(step).outcome === 'exists' || endOf(step).outcome === 'missing' || contested.has(step.sighting.id)
    return {
      seen: written.flatMap(({ union, copies }) => [union.merged, ...copies.map(({ document }) => document)]),
      refused: steps
        .filter((step) => endOf(step).outcome === 'refused')
        .map((step) => ({ sighting: step.sighting, why: endOf(step).why })),
      open: steps.filter(isOpen).map(({ sighting }) => sighting),
    }
  }
}

interface Step {
  readonly sighting: Sighting
  readonly copies: readonly Copy[]
  readonly union: Union
}

/** So many failures are read at a time: the answer holds their documents. */
const MAX_READ = 500

const NOTHING_TO_WRITE: Pick<Written, 'outcome' | 'why'> = { outcome: 'stored' }
