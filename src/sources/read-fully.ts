/** What can be read at any position. */
export interface Readable {
  read(buffer: Uint8Array, offset: number, length: number, position: number): Promise<{ readonly bytesRead: number }>
}

/** Reads at `position` until `buffer` is full or the file ends; resolves to the number of bytes read. */
export async function readFully(handle: Readable, buffer: Uint8Array, position: number): Promise<number> {
  let length = 0
  while (length < buffer.length) {
    const { bytesRead } = await handle.read(buffer, length, buffer.length - length, position + length)
    if (bytesRead === 0) break
    length += bytesRead
  }
  return length
}
