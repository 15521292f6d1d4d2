import { decode } from '../event-view.js'
import type { TextView } from '../line-handler.js'
import type { DeadLetter, IndexDocument, LineSource, RefusedEntry, RejectionReason } from '../records.js'
import type { DeadLetterSink } from '../sinks/dead-letters/dead-letter-sink.js'
import type { Flow } from './checkpoint-saver.js'

export interface DeadLettersOptions {
  readonly sink: DeadLetterSink
  readonly redact: (text: string) => string
  /** Host name of the gateway that wrote a source. */
  readonly gatewayOf?: (source: LineSource) => string | null
}

/** What a store said of a document that it will never take. */
export interface Refusal extends Pick<RefusedEntry, 'sink' | 'status' | 'reason'> {
  readonly document: IndexDocument
}

/** Longest text of a rejected line that is kept; its position tells where the rest is. */
const MAX_TEXT_BYTES = 65_536
/** So much may wait in memory before it has to be written, and as much may be under way. */
const MAX_WAITING_CHARACTERS = 1024 * 1024
/** Of a letter, besides its text. */
const TYPICAL_CHARACTERS = 300

/**
 * Rejected lines and refused documents (kinds `rejected` and `refused`) on their way to a file or a topic. Texts are
 * redacted. They are written in the background while the steps before go on; a position waits until the letters before it
 * are kept. At least once: after a crash the last ones may stand there twice. An error stops it for good: each later call
 * throws it.
 *
 * A rejected line's position is that of its begin: in its file where that is known, and of its message where it came
 * through Kafka. A refused document tells the file and offset of the line that it is named after, and no message: it is
 * made of several lines, also of such that came hours before, and documents do not keep the messages of their lines.
 */
export class DeadLetters implements Flow {
  readonly #options: DeadLettersOptions
  #letters: DeadLetter[] = []
  #waitingCharacters = 0
  #pushed = 0
  #stored = 0
  #refused = 0
  #writing: Promise<void> | null = null
  #failure: { readonly error: unknown } | null = null

  constructor(options: DeadLettersOptions) {
    this.#options = options
  }

  /** Documents that a store refused, so far. */
  get refused(): number {
    return this.#refused
  }

  get pushed(): number {
    return this.#pushed
  }

  /** Letters that are kept, in the order in which they came. */
  get stored(): number {
    return this.#stored
  }

  add(reason: RejectionReason, view: TextView): void {
    const { bytes, lineStart, lineEnd, source, offset, message, isCut } = view
    const { redact, gatewayOf } = this.#options
    const end = Math.min(lineEnd, lineStart + MAX_TEXT_BYTES)
    const text = redact(decode(bytes, lineStart, end))
    const letter: DeadLetter = {
      kind: 'rejected',
      reason,
      text,
      ...((isCut === true || end < lineEnd) && { cut: true }),
      position: { source: source.path, offset, ...(message !== undefined && { kafka: message }) },
      gateway: gatewayOf === undefined ? source.gateway : gatewayOf(source),
    }
    this.#keep(letter, text.length + TYPICAL_CHARACTERS)
  }

  addRefused({ sink, status, reason, document }: Refusal): void {
    this.#refused++
    const { log } = document.kind === 'failure' ? document.document : { log: null }
    const position = log === null ? null : { source: log.file.path, offset: log.offset }
    const letter: DeadLetter = { kind: 'refused', sink, status, reason, document, position }
    this.#keep(letter, JSON.stringify(letter).length)
  }

  #keep(letter: DeadLetter, characters: number): void {
    this.#letters.push(letter)
    this.#waitingCharacters += characters
    this.#pushed++
  }

  /**
   * Begins to write where many wait, or with `now` those that do; resolves as soon as there is room for more, so that a
   * file full of bad lines does not fill the memory.
   */
  async makeRoom({ now = false }: { readonly now?: boolean } = {}): Promise<void> {
    if (now) this.#begin()
    while (this.#waitingCharacters > MAX_WAITING_CHARACTERS) {
      if (!this.#begin()) await this.#writing
    }
    this.#throwFailure()
  }

  /** Resolves once all letters so far are kept; throws what the sink throws. */
  async flush(): Promise<void> {
    for (;;) {
      this.#throwFailure()
      this.#begin()
      if (this.#writing === null) return
      await this.#writing
    }
  }

  close(): Promise<void> {
    return this.#options.sink.close()
  }

  /** True where nothing is under way any more that would have to be waited for. */
  #begin(): boolean {
    if (this.#writing !== null) return false
    this.#throwFailure()
    const letters = this.#letters
    if (letters.length === 0) return true
    this.#letters = []
    this.#waitingCharacters = 0
    this.#writing = this.#options.sink
      .write(letters)
      .then(
        () => {
          this.#stored += letters.length
        },
        (error: unknown) => {
          this.#failure = { error }
        },
      )
      .finally(() => {
        this.#writing = null
      })
    return true
  }

  #throwFailure(): void {
    if (this.#failure !== null) throw this.#failure.error
  }
}
