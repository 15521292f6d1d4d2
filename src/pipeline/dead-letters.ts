import { mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'
import { PermanentError, systemCode } from '../errors.js'
import { decode } from '../event-view.js'
import type { TextView } from '../line-handler.js'
import type { DeadLetter, RefusedEntry, RejectionReason } from '../records.js'

/** Longest text of a rejected line that is kept; its position tells where the rest is. */
const MAX_TEXT_BYTES = 65_536
/** So much may wait in memory before it has to be written. */
const MAX_WAITING_CHARACTERS = 1024 * 1024

/**
 * Rejected lines and refused documents as NDJSON (kinds `rejected` and `refused`) in a file that is made when the first
 * one comes, readable by its owner only. Texts are redacted. At least once: after a crash the last ones may stand in it
 * twice.
 */
export class DeadLetters {
  readonly #redact: (text: string) => string
  #lines: string[] = []
  #waitingCharacters = 0
  #refused = 0

  constructor(
    private readonly path: string,
    redact: (text: string) => string,
  ) {
    this.#redact = redact
  }

  /** Documents that a store refused, so far. */
  get refused(): number {
    return this.#refused
  }

  add(reason: RejectionReason, { bytes, lineStart, lineEnd, source, offset }: TextView): void {
    const end = Math.min(lineEnd, lineStart + MAX_TEXT_BYTES)
    const text = this.#redact(decode(bytes, lineStart, end))
    this.#keep({ kind: 'rejected', reason, text, position: { source: source.path, offset } })
  }

  addRefused({ sink, status, reason, document }: Omit<RefusedEntry, 'kind' | 'position'>): void {
    this.#refused++
    const { log } = document.kind === 'failure' ? document.document : { log: null }
    const position = log === null ? null : { source: log.file.path, offset: log.offset }
    this.#keep({ kind: 'refused', sink, status, reason, document, position })
  }

  #keep(letter: DeadLetter): void {
    const line = `${JSON.stringify(letter)}\n`
    this.#lines.push(line)
    this.#waitingCharacters += line.length
  }

  /** Writes the letters where many wait, so that a file full of bad lines does not fill the memory. */
  async makeRoom(): Promise<void> {
    if (this.#waitingCharacters > MAX_WAITING_CHARACTERS) await this.flush()
  }

  /** Resolves once all letters so far are on disk; throws `PermanentError` (`disk_full`, `state_unusable`). */
  async flush(): Promise<void> {
    if (this.#lines.length === 0) return
    const text = this.#lines.join('')
    this.#lines = []
    this.#waitingCharacters = 0
    try {
      await mkdir(dirname(this.path), { recursive: true, mode: 0o700 })
      const file = await open(this.path, 'a', 0o600)
      try {
        await file.appendFile(text)
        await file.datasync()
      } finally {
        await file.close()
      }
    } catch (error) {
      const isFull = ['ENOSPC', 'EDQUOT'].includes(systemCode(error) ?? '')
      throw new PermanentError(`cannot write dead letters: ${this.path}${isFull ? ' (disk full)' : ''}`, {
        code: isFull ? 'disk_full' : 'state_unusable',
        hint: isFull ? 'make room on the disk and run again' : 'set deadLetters.path to a writable file',
        cause: error,
      })
    }
  }
}
