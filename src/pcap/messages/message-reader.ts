/** What one side sends, cut into messages. Told in the order of the bytes. */
export interface MessageHandler {
  /** The first byte of a message. */
  begin(): void
  /** Its head was read. A response of status 1xx is no message of its own: it is not told. */
  head(head: MessageHead): void
  /** Its last byte. */
  end(): void
  /** Nothing will tell where the message ends but the other side's turn. */
  unmarked(): void
  /** The message is no HTTP though the connection speaks it. */
  foreign(): void
}

export interface MessageHead {
  /** Null in responses and where it was cut. */
  readonly method: string | null
  /** As sent: path and query, or a whole url. Null in responses and where it was cut. */
  readonly target: string | null
  /** Null in requests. */
  readonly status: number | null
  /** The side says that the connection ends with this message. */
  readonly announcesClose: boolean
  /** The body ends where the connection does. */
  readonly endsWithConnection: boolean
}

/** Payload of one segment that follows what was read before: bounds in a buffer, and how much of it was captured. */
export interface Piece {
  readonly bytes: Uint8Array
  readonly start: number
  /** Behind the last captured byte. */
  readonly end: number
  /** On the wire: not less than `end - start`. */
  readonly length: number
}

export interface MessageReader {
  read(piece: Piece): void
  /** Bytes that the capture does not hold. */
  miss(): void
  /** The other side has begun to speak: a message whose end is not marked ended before. */
  turn(): void
}
