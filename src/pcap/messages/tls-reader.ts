import type { MessageHandler, MessageReader, MessageSide } from './message-reader.js'

/** Types of TLS records (RFC 8446, section 5.1). */
const CHANGE_CIPHER = 0x14
const ALERT = 0x15
const HANDSHAKE = 0x16
const DATA = 0x17
const HEAD_BYTES = 5

/** Whether a connection whose first captured bytes these are speaks TLS. */
export function isTls(bytes: Uint8Array, start: number, end: number): boolean {
  return end - start >= 2 && bytes[start] >= CHANGE_CIPHER && bytes[start] <= DATA && bytes[start + 1] === 3
}

/** Alerts by which a client refuses a certificate (RFC 8446, section 6.2). */
const CERTIFICATE_ALERTS: ReadonlySet<number> = new Set([42, 43, 44, 45, 46, 48])

/**
 * How far a TLS handshake has come, from the records of both sides. In TLS 1.3 a part of the handshake looks like data: all of the
 * target's until the client's first such record, which ends it.
 */
export class TlsHandshake {
  #clientChangedCipher = false
  /** The client has sent the last message of its handshake. */
  isDone = false
  #isVersion13 = false
  /** Length of the target's first record behind a handshake of TLS 1.3, which may be a session ticket. */
  #ticketLength = -1
  /** Records that are session tickets or the answer: nothing tells. */
  maybeTickets = 0
  certificateRefused = false
  /** The capture does not hold the beginning, or cuts records' heads: all data counts. */
  isUnseen = false

  /** Whether a record carries data of the application. */
  isData(side: MessageSide, type: number, length: number): boolean {
    if (this.isUnseen) return type === DATA
    if (this.isAlert(type, length)) return false
    return side === 'request' ? this.#isRequestData(type) : type === DATA && this.#isResponseData(length)
  }

  /** As the one by which a side says that it will close. */
  isAlert(type: number, length: number): boolean {
    return type === ALERT || (this.#isVersion13 && type === DATA && length === ALERT_13_BYTES)
  }

  alert(side: MessageSide, description: number): void {
    if (side === 'request' && CERTIFICATE_ALERTS.has(description)) this.certificateRefused = true
  }

  #isRequestData(type: number): boolean {
    if (type === CHANGE_CIPHER) this.#clientChangedCipher = true
    if (type === HANDSHAKE && this.#clientChangedCipher) this.isDone = true
    if (type !== DATA) return false
    if (this.isDone) return true
    this.isDone = true
    this.#isVersion13 = true
    return false
  }

  /** Servers send their tickets first, and all of one length. */
  #isResponseData(length: number): boolean {
    if (!this.isDone) return false
    if (!this.#isVersion13) return true
    const isTicket = this.maybeTickets === 0 || (this.maybeTickets < MAX_TICKETS && length === this.#ticketLength)
    if (!isTicket) return true
    this.#ticketLength = length
    this.maybeTickets++
    return false
  }
}

const MAX_TICKETS = 4
/** An alert of TLS 1.3 looks like data of this length: two bytes, a type, and a tag. */
const ALERT_13_BYTES = 19

/** Cuts one side's bytes into messages by turns, and tells data from handshake by the records' heads. */
export class TlsReader implements MessageReader {
  #head = Buffer.alloc(HEAD_BYTES + 2)
  #headLength = 0
  #left = 0
  /** The record that is being read is more than an alert. */
  #isUse = false
  #isInMessage = false

  constructor(
    private readonly side: MessageSide,
    private readonly handshake: TlsHandshake,
    private readonly handler: MessageHandler,
  ) {}

  read(bytes: Buffer, start: number, end: number, length: number): boolean {
    let at = start
    const wireEnd = start + length
    let isUse = false
    while (at < wireEnd) {
      if (this.#left > 0) {
        const passed = Math.min(this.#left, wireEnd - at)
        this.#left -= passed
        at += passed
        isUse ||= this.#isUse
      } else if (at >= end) this.miss()
      else {
        this.#head[this.#headLength++] = bytes[at++]
        if (this.#headLength === HEAD_BYTES) this.#takeHead(bytes, at, end)
      }
    }
    return isUse
  }

  /** The next record's head is lost, so all that follows counts as data. */
  miss(): void {
    this.handshake.isUnseen = true
    this.#left = Number.POSITIVE_INFINITY
    this.#isUse = true
    this.#data()
  }

  turn(): void {
    this.#isInMessage = false
  }

  #takeHead(bytes: Uint8Array, at: number, end: number): void {
    const type = this.#head[0]
    this.#left = (this.#head[3] << 8) | this.#head[4]
    this.#headLength = 0
    if (type < CHANGE_CIPHER || type > DATA || this.#head[1] !== 3) return this.miss()
    if (type === ALERT && this.#left === 2 && at + 2 <= end) this.handshake.alert(this.side, bytes[at + 1])
    this.#isUse = !this.handshake.isAlert(type, this.#left)
    if (this.handshake.isData(this.side, type, this.#left)) this.#data()
  }

  #data(): void {
    if (this.#isInMessage) return
    this.#isInMessage = true
    this.handler.begin(this.side)
    this.handler.unmarked(this.side)
  }
}
