import type { ConfiguredProxy } from '../enrich/proxy.js'
import { decode, type EventView, Field, Role } from '../event-view.js'
import type { LineHandler, TextView } from '../line-handler.js'
import { LineParser } from '../parse/line-parser.js'
import type { Half, IndexDocument, LineSource, RejectedLetter, RejectionReason, RequestFacts } from '../records.js'
import type { Redactor } from '../redact/redactor.js'
import { readLogFileName } from '../sources/log-file-name.js'
import { type InferredTarget, toFailureDocument, UNKNOWN_TARGET } from './document.js'
import { RequestReader } from './request-reader.js'

/**
 * What this version makes of a rejected line. `failure`: a half, to be merged with the other one in the store;
 * `understood`: a record that stores nothing by itself; `rejected`: it is so still; `cut`: the letter holds the begin of
 * the line only; `masked`: what must be known of it was hidden when it was rejected.
 */
export type LetterReading =
  | { readonly kind: 'failure'; readonly document: IndexDocument }
  | { readonly kind: 'understood' }
  | { readonly kind: 'rejected'; readonly reason: RejectionReason }
  | { readonly kind: 'cut' }
  | { readonly kind: 'masked' }

export interface LetterReaderOptions {
  readonly redactor: Redactor
  readonly proxies: readonly ConfiguredProxy[]
}

/**
 * Rejected lines, as their letters hold them, parsed once more. Of such a line only pieces stayed that can hold no secret,
 * and the rest is `***`: that is not what stood there, so it counts as unknown, never as a value. Where the lines
 * themselves are still to be had, running over them again gives more.
 *
 * Nothing is guessed from neighbours: no target is inferred but from the gateway's configuration, and requests are not
 * counted, for a letter does not tell whether its minute was counted without it.
 */
export class LetterReader implements LineHandler {
  readonly #requests: RequestReader
  #letter: Opened = NONE
  #records = 0
  #reading: LetterReading | null = null

  constructor(options: LetterReaderOptions) {
    this.#requests = new RequestReader(options)
  }

  read(letter: RejectedLetter): LetterReading {
    const { text, reason, position } = letter
    if (letter.cut === true || reason === 'too_long' || text.length >= MAX_KEPT_CHARACTERS) return { kind: 'cut' }
    const { bytes, masks } = withoutMasks(text)
    // Which reading was the true one cannot be told from what is left of it.
    if (masks.size > 0 && reason === 'ambiguous') return { kind: 'masked' }
    this.#letter = { text: bytes, masks }
    this.#records = 0
    this.#reading = null
    const source = sourceOf(letter)
    const parser = new LineParser(this)
    parser.parse({ source, bytes, offset: position.offset, last: true })
    const reading = this.#reading
    // A line was one record, so what gives several is not what it was.
    return reading === null || this.#records !== 1 ? { kind: 'rejected', reason } : reading
  }

  event(view: EventView): void {
    this.#records++
    this.#reading = this.#isBegin(view) ? this.#event(view) : null
  }

  plain(): void {
    this.#record({ kind: 'understood' })
  }

  stats(): void {
    this.#record({ kind: 'understood' })
  }

  continuation(): void {}

  rejection(reason: RejectionReason, _view: TextView): void {
    this.#record({ kind: 'rejected', reason })
  }

  #record(reading: LetterReading): void {
    this.#records++
    this.#reading = reading
  }

  /** A container's envelope was opened before the line was rejected: one that is in it still is somebody's text. */
  #isBegin({ bytes, start }: EventView): boolean {
    const { text } = this.#letter
    const length = TIMESTAMP_LENGTH + 2
    const from = start[Field.timestamp]
    return decode(text, 0, length) === decode(bytes, from, from + length)
  }

  #event(view: EventView): LetterReading {
    const { masks, text } = this.#letter
    const isMasked = (field: number): boolean => view.isEmpty(field) && masks.has(view.start[field])
    if (MASK.test(decode(text, 0, text.length))) return { kind: 'masked' }
    if (isMasked(Field.level) || isMasked(Field.component)) return { kind: 'masked' }
    if (view.role === Role.other && (isMasked(Field.message) || isMasked(Field.status))) return { kind: 'masked' }
    if (view.role < Role.targetRequestError || view.role === Role.clientAborted) return { kind: 'understood' }
    // Without its id it would be another failure than the one that it is a half of.
    if (masks.size > 0 && (view.isEmpty(Field.correlationId) || view.uncertain.length > 0)) return { kind: 'masked' }
    const half = this.#requests.half(view)
    // An empty time means 0 where the gateway wrote it so, and nothing where it was hidden.
    return this.#failure(view, isMasked(Field.timeTaken) ? { ...half, elapsedMs: null } : half)
  }

  #failure(view: EventView, half: Half): LetterReading {
    const id = this.#requests.idOf(view)
    const request = this.#requests.facts(view)
    const isClient = half.role === 'client'
    const failure = {
      ...{ id, request, clientAbortedAfterMs: null },
      target: isClient ? [] : [half],
      client: isClient ? half : null,
    }
    const document = toFailureDocument(failure, isClient ? this.#configuredTarget(request) : UNKNOWN_TARGET)
    return { kind: 'failure', document: { kind: 'failure', id, document } }
  }

  #configuredTarget({ proxy }: RequestFacts): InferredTarget {
    const target = proxy === null ? null : (this.#requests.finder.configured(proxy)?.target ?? null)
    return target === null ? UNKNOWN_TARGET : { target, source: 'inferred' }
  }
}

interface Opened {
  readonly text: Uint8Array
  /** Where, in the text, an empty field begins that was hidden. */
  readonly masks: ReadonlySet<number>
}

const NONE: Opened = { text: new Uint8Array(0), masks: new Set() }
const TIMESTAMP_LENGTH = 24
/** Letters of older versions do not say that they are cut. */
const MAX_KEPT_CHARACTERS = 65_536
const MASK = /\*\*\*/
const MASKED_PIECE = /\[\*\*\*(?=\])/g

/** The line with empty fields in place of those that were hidden. */
function withoutMasks(text: string): { readonly bytes: Buffer; readonly masks: ReadonlySet<number> } {
  const pieces = text.split(MASKED_PIECE)
  const masks = new Set<number>()
  let end = 0
  for (const piece of pieces.slice(0, -1)) {
    end += Buffer.byteLength(piece) + 1
    masks.add(end)
  }
  return { bytes: Buffer.from(pieces.join('[')), masks }
}

function sourceOf({ position: { source: path }, gateway }: RejectedLetter): LineSource {
  const named = readLogFileName(path)
  return { path, partition: named.partition, gateway: gateway === undefined ? named.gateway : gateway }
}
