export type MessageSide = 'request' | 'response'

/** What both sides send, cut into messages. Told in the order of the bytes. */
export interface MessageHandler {
  /** The first byte of a message. */
  begin(side: MessageSide): void
  /** Its head was read. A response of status 1xx is no message of its own: it is not told. */
  head(side: MessageSide, head: MessageHead): void
  /** Its last byte. */
  end(side: MessageSide): void
  /** Nothing will tell where the message ends but the other side's turn. */
  unmarked(side: MessageSide): void
  /** The message is no HTTP though the connection speaks it. */
  foreign(side: MessageSide): void
  /** Of the request that the next response answers; null where it is not known. */
  readonly requestMethod: string | null
}

/** How the body of a message ends (RFC 9112, section 6). */
export type Framing = 'none' | 'length' | 'chunked' | 'connection'

export interface MessageHead {
  /** Null in responses and where it was cut. */
  readonly method: string | null
  /** As sent: path and query, or a whole url. Null in responses and where it was cut. */
  readonly target: string | null
  /** Where the target was cut: the first characters of its path. */
  readonly pathStart?: string | null
  /** Of the field `Host`; null in responses and where there is none. */
  readonly host: string | null
  /** The gateway's, of the field `X-Request-Id`; null in responses and where there is none. */
  readonly correlationId: string | null
  /** Null in requests. */
  readonly status: number | null
  readonly framing: Framing
  /** The side says that the connection ends with this message. */
  readonly announcesClose: boolean
}

export interface MessageReader {
  /**
   * Payload that follows what was read before: `length` bytes on the wire, of which those from `start` to `end` were captured.
   * False where it is no use of the connection: a side only says that it will close.
   */
  read(bytes: Buffer, start: number, end: number, length: number): boolean
  /** Bytes that the capture does not hold. */
  miss(): void
  /** The other side has begun to speak: a message whose end is not marked ended before. */
  turn(): void
}
