/** What the file system says of a log now. */
export interface LogStats {
  readonly sizeBytes: number
  /** False where no name leads to the file any longer, or the one that did leads to another. */
  readonly isNamed: boolean
}

/** What logs are read through. */
export interface LogHandle {
  /** `<device>:<inode>`. */
  readonly inode: string
  read(buffer: Uint8Array, offset: number, length: number, position: number): Promise<{ readonly bytesRead: number }>
  readv(buffers: readonly Uint8Array[], position: number): Promise<{ readonly bytesRead: number }>
  look(): LogStats
  close(): Promise<void>
}

/** What can give its descriptor back, until it is read again. */
export interface Resting {
  /** When it was last read, on the clock of `performance.now()`. */
  readonly usedMs: number
  /** It has lines that were not read: the file may be deleted, so it does not rest without need. */
  readonly hasUnread: boolean
  rest(): Promise<void>
}
