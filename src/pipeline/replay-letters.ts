import type { SinkConfig } from '../config/schema.js'
import { RunObserver } from '../observability/observer.js'
import type { DeadLetter, IndexDocument, RejectedLetter } from '../records.js'
import { Redactor } from '../redact/redactor.js'
import { reasonOf } from '../sinks/dead-letters/dead-letter-sink.js'
import type { Sink } from '../sinks/sink.js'
import { closeAll } from './close-all.js'
import { LetterReader } from './letter-lines.js'
import { openSink, type StoreConfig } from './open-sinks.js'
import { redactionKeyOf } from './redaction-key.js'
import type { RunInput } from './run-input.js'

export interface ReplayInput extends Omit<RunInput, 'once' | 'onStart' | 'timing' | 'observer'> {
  readonly letters: AsyncIterable<DeadLetter>
  /** Only letters of this reason; all others are left alone. */
  readonly reason?: string
  /** Looks what would come of it, and opens no sink. */
  readonly isDryRun: boolean
  /** Takes, in their order, the letters that remain, those that were left alone among them. */
  readonly onRemaining?: (letters: readonly DeadLetter[]) => Promise<void>
}

/** Why a letter remains after a replay. */
export type Remaining = 'rejected' | 'masked' | 'cut' | 'refused' | 'no_sink'

export interface ReplayResult {
  /** All that were read, and those of them that were left alone. */
  readonly letters: number
  readonly leftAlone: number
  /** Refused documents that are stored now, or would be written in a dry run. */
  readonly documents: number
  /** Rejected lines that are stored as halves of failures, or would be. */
  readonly failures: number
  /** Rejected lines that are records now which store nothing by themselves. */
  readonly understood: number
  readonly remaining: ReadonlyMap<Remaining, number>
}

/** Letters in one write; what a store refuses of them is known when it has ended. */
const MAX_BATCH_LETTERS = 1_000
const MAX_BATCH_CHARACTERS = 8 << 20

/**
 * Gives letters back to a pipeline whose fault was mended: documents to the sinks of the kind that refused them, lines
 * parsed again to all its stores. All writes merge, or keep the larger count, so a letter may come twice and a replay be
 * repeated. Requests in rejected lines are not counted: their minutes may have been counted since, from the lines
 * themselves, and a count of one's own beside that would be too much.
 *
 * Nothing is taken from the place of the letters. Throws what sinks throw, and the reason of the signal where that aborts
 * before the end; what was replayed by then is stored.
 */
export async function replayLetters(input: ReplayInput): Promise<ReplayResult> {
  const replay = new Replay(input)
  try {
    for await (const letters of batches(input.letters)) {
      input.signal.throwIfAborted()
      await replay.add(letters)
    }
    await replay.settle()
  } catch (error) {
    await replay.close().catch(() => {})
    throw error
  }
  await replay.close()
  return replay.result
}

async function* batches(letters: AsyncIterable<DeadLetter>): AsyncGenerator<readonly DeadLetter[]> {
  let batch: DeadLetter[] = []
  let characters = 0
  for await (const letter of letters) {
    batch.push(letter)
    characters += letter.kind === 'rejected' ? letter.text.length : JSON.stringify(letter.document).length
    if (batch.length < MAX_BATCH_LETTERS && characters < MAX_BATCH_CHARACTERS) continue
    yield batch
    batch = []
    characters = 0
  }
  if (batch.length > 0) yield batch
}

/** What is to be done with one letter. */
interface Plan {
  readonly letter: DeadLetter
  /** What to write, and to sinks of which kind; null for all. */
  readonly write?: { readonly document: IndexDocument; readonly kind: string | null }
  /** Why it remains, or that it was left alone. */
  readonly remains?: Remaining | 'left_alone'
}

class Replay {
  readonly #input: ReplayInput
  readonly #stores: readonly StoreConfig[]
  readonly #sinks = new Map<StoreConfig, Sink>()
  #reader: LetterReader | null = null
  /** `kind id` of what stores have refused in the batch at hand. */
  #refused = new Set<string>()
  readonly #remaining = new Map<Remaining, number>()
  readonly #counts = { letters: 0, leftAlone: 0, documents: 0, failures: 0, understood: 0 }

  constructor(input: ReplayInput) {
    this.#input = input
    this.#stores = input.config.sinks.filter(takesDocuments)
  }

  get result(): ReplayResult {
    return { ...this.#counts, remaining: this.#remaining }
  }

  async add(letters: readonly DeadLetter[]): Promise<void> {
    const plans: Plan[] = []
    for (const letter of letters) plans.push(await this.#planOf(letter))
    this.#refused = new Set()
    if (!this.#input.isDryRun) await this.#write(plans)
    const remaining = plans.filter((plan) => this.#settled(plan)).map(({ letter }) => letter)
    if (remaining.length > 0) await this.#input.onRemaining?.(remaining)
  }

  /** Resolves once what the stores derive is up to date. */
  async settle(): Promise<void> {
    for (const sink of this.#sinks.values()) await sink.settle?.({ now: true })
  }

  close(): Promise<void> {
    return closeAll([...this.#sinks.values()])
  }

  async #planOf(letter: DeadLetter): Promise<Plan> {
    const { reason } = this.#input
    if (reason !== undefined && reasonOf(letter) !== reason) return { letter, remains: 'left_alone' }
    if (letter.kind === 'rejected') return this.#planOfLine(letter)
    const { document, sink: kind } = letter
    if (document === null) return { letter, remains: 'cut' }
    return this.#stores.some((store) => store.kind === kind)
      ? { letter, write: { document, kind } }
      : { letter, remains: 'no_sink' }
  }

  async #planOfLine(letter: RejectedLetter): Promise<Plan> {
    this.#reader ??= await readerOf(this.#input)
    const reading = this.#reader.read(letter)
    switch (reading.kind) {
      case 'understood':
        return { letter }
      case 'failure':
        if (this.#stores.length === 0) return { letter, remains: 'no_sink' }
        return { letter, write: { document: reading.document, kind: null } }
      default:
        return { letter, remains: reading.kind }
    }
  }

  async #write(plans: readonly Plan[]): Promise<void> {
    for (const store of this.#stores) {
      const documents = plans.flatMap(({ write }) =>
        write !== undefined && (write.kind === null || write.kind === store.kind) ? [write.document] : [],
      )
      if (documents.length === 0) continue
      const sink = this.#sinks.get(store) ?? (await this.#open(store))
      await sink.write(documents)
    }
  }

  async #open(store: StoreConfig): Promise<Sink> {
    const deadLetters = {
      addRefused: ({ document }: { readonly document: IndexDocument }) => void this.#refused.add(keyOf(document)),
    }
    const watch = new RunObserver().watch(store.kind)
    const sink = await openSink(store, { ...this.#input, once: true, deadLetters, watch })
    this.#sinks.set(store, sink)
    return sink
  }

  /** Counts a letter; true where it remains. */
  #settled({ letter, write, remains }: Plan): boolean {
    this.#counts.letters++
    if (remains === 'left_alone') {
      this.#counts.leftAlone++
      return true
    }
    const why = remains ?? (write !== undefined && this.#refused.has(keyOf(write.document)) ? 'refused' : undefined)
    if (why !== undefined) {
      this.#remaining.set(why, (this.#remaining.get(why) ?? 0) + 1)
      return true
    }
    if (letter.kind === 'refused') this.#counts.documents++
    else if (write !== undefined) this.#counts.failures++
    else this.#counts.understood++
    return false
  }
}

const takesDocuments = (sink: SinkConfig): sink is StoreConfig => sink.kind !== 'kafka'
const keyOf = ({ kind, id }: IndexDocument): string => `${kind} ${id}`

/** The key of the hash is that of the runs: another one would make other clients of them. */
async function readerOf({ config, proxies }: ReplayInput): Promise<LetterReader> {
  const key = config.redact.clientId === 'hash' ? await redactionKeyOf(config, { mayMake: false }) : NO_KEY
  return new LetterReader({ redactor: new Redactor(config.redact, key), proxies })
}

const NO_KEY = new Uint8Array(0)
