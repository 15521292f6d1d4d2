import type { DeadLetter } from '../../records.js'
import { KafkaLineSink, type LineMessage, type LineProducer } from '../kafka/line-sink.js'
import { type DeadLetterSink, reasonOf } from './dead-letter-sink.js'

export interface LetterTopicOptions {
  readonly producer: LineProducer
  /** Whether the brokers refused a request because it, or one of its messages, is too large for them. */
  readonly isTooLarge: (error: unknown) => boolean
}

/** Characters of one request, at first; a topic may take less, which its refusal tells. */
const MOST_CHARACTERS = 512 * 1024
/** Of a letter that takes more, only what it cannot do without is sent; a topic that refuses that takes no letters. */
const LEAST_CHARACTERS = 1_024

/**
 * Dead letters in a topic: one JSON message for each, with `kind` and `reason` (from the closed list) in its headers.
 * Letters of one source have one key, so they stay in order. A letter that is larger than what the brokers take loses
 * the end of its text, or its document, and says so (`cut`).
 */
export class LetterTopic implements DeadLetterSink {
  readonly #lines: KafkaLineSink
  readonly #isTooLarge: (error: unknown) => boolean
  /** Of one request. */
  #mostCharacters = MOST_CHARACTERS

  constructor({ producer, isTooLarge }: LetterTopicOptions) {
    this.#lines = new KafkaLineSink(producer)
    this.#isTooLarge = isTooLarge
  }

  async write(letters: readonly DeadLetter[]): Promise<void> {
    for (let start = 0; start < letters.length; ) {
      const { messages, characters } = this.#portion(letters, start)
      try {
        await this.#lines.write(messages)
        start += messages.length
      } catch (error) {
        if (!this.#isTooLarge(error) || this.#mostCharacters <= LEAST_CHARACTERS) throw error
        // What is compressed, or spread over partitions, is less than it looks: the next portion is surely smaller.
        this.#mostCharacters = Math.max(LEAST_CHARACTERS, Math.floor(Math.min(characters, this.#mostCharacters) / 2))
      }
    }
  }

  close(): Promise<void> {
    return this.#lines.close()
  }

  /** From `start` on, as many as fit; at least one, cut where it does not. */
  #portion(letters: readonly DeadLetter[], start: number): { messages: LineMessage[]; characters: number } {
    const messages: LineMessage[] = []
    let characters = 0
    for (const letter of letters.slice(start, start + MOST_LETTERS)) {
      const value = fitted(letter, this.#mostCharacters)
      if (messages.length > 0 && characters + value.length > this.#mostCharacters) break
      characters += value.length
      messages.push({
        key: keyOf(letter),
        value: Buffer.from(value),
        headers: { kind: letter.kind, reason: reasonOf(letter) },
      })
    }
    return { messages, characters }
  }
}

const MOST_LETTERS = 1_000

function keyOf(letter: DeadLetter): string {
  if (letter.kind === 'rejected') return `${letter.gateway ?? ''}:${letter.position.source}`
  const { document } = letter
  if (document?.kind === 'traffic') return document.document.edgemicro.partition
  return `${document?.document.edgemicro.gateway ?? ''}:${letter.position?.source ?? ''}`
}

/** A letter's JSON of so many characters at most. */
function fitted(letter: DeadLetter, most: number): string {
  const whole = JSON.stringify(letter)
  if (whole.length <= most) return whole
  if (letter.kind === 'refused') {
    return JSON.stringify({ ...letter, document: null, reason: letter.reason.slice(0, most / 8), cut: true })
  }
  const bare = { ...letter, cut: true }
  const room = most - JSON.stringify({ ...bare, text: '' }).length
  return JSON.stringify({ ...bare, text: beginOf(letter.text, room) })
}

/** The longest begin of a text whose JSON takes so many characters at most, its quotes left out. */
function beginOf(text: string, room: number): string {
  let length = Math.max(0, Math.min(text.length, room))
  let excess = JSON.stringify(text.slice(0, length)).length - 2 - room
  while (length > 0 && excess > 0) {
    // A character takes six at most.
    length = Math.max(0, length - Math.max(1, Math.ceil(excess / 6)))
    excess = JSON.stringify(text.slice(0, length)).length - 2 - room
  }
  return text.slice(0, length)
}
