import { createGunzip, type Gunzip } from 'node:zlib'
import { systemCode } from '../errors.js'
import { isGzip } from './content.js'

/** Gzip data that ends early or is damaged. */
export class GzipError extends Error {
  constructor(cause: unknown) {
    super('gzip data ends early or is damaged', { cause })
    this.name = 'GzipError'
  }

  /** True where the data is sound as far as it goes. */
  get endsEarly(): boolean {
    return systemCode(this.cause) === 'Z_BUF_ERROR'
  }
}

/** The content of `chunks`: unpacked where it begins as gzip does, else as it is. Throws as `gunzip` does. */
export async function* unpacked(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const iterator = chunks[Symbol.asyncIterator]()
  const head = await readHead(iterator)
  const whole = chain(head, iterator)
  yield* isGzip(head) ? gunzip(whole) : whole
}

/**
 * Unpacks gzip data, also of several members. One chunk in gives at most one chunk out, which bounds memory to about a
 * thousand times the chunks' size. Of data that ends early, all that can be unpacked comes first, then `GzipError` is
 * thrown; of data that is damaged, all but at most 16 KiB right before the fault. What `compressed` throws passes.
 */
export async function* gunzip(compressed: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const inflation = new Inflation()
  try {
    for await (const chunk of compressed) {
      const piece = await inflation.write(chunk)
      if (piece.length > 0) yield piece
      inflation.throwFailure()
      if (inflation.ended) return
    }
    const rest = await inflation.end()
    if (rest.length > 0) yield rest
    inflation.throwFailure()
  } finally {
    inflation.destroy()
  }
}

/**
 * As `gunzip`, of data that can be read again: `open` starts it anew each time. Of damaged data every byte before the
 * fault comes, at the price of a second pass: zlib drops what it unpacked in the step that meets the fault, so that
 * step is done again in steps of one byte.
 */
export async function* gunzipAgain(open: () => AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let packedBytes = 0
  let unpackedBytes = 0
  async function* counted() {
    for await (const chunk of open()) {
      yield chunk
      packedBytes += chunk.length
    }
  }
  try {
    for await (const piece of gunzip(counted())) {
      unpackedBytes += piece.length
      yield piece
    }
  } catch (error) {
    if (!(error instanceof GzipError) || error.endsEarly) throw error
    yield* skip(gunzip(inBytes(open(), packedBytes)), unpackedBytes)
  }
}

/** The chunks, from `start` on byte by byte. */
async function* inBytes(chunks: AsyncIterable<Uint8Array>, start: number): AsyncGenerator<Uint8Array> {
  let position = 0
  for await (const chunk of chunks) {
    if (position + chunk.length <= start) yield chunk
    else for (let index = 0; index < chunk.length; index++) yield chunk.subarray(index, index + 1)
    position += chunk.length
  }
}

async function* skip(pieces: AsyncIterable<Uint8Array>, length: number): AsyncGenerator<Uint8Array> {
  let left = length
  for await (const piece of pieces) {
    if (piece.length > left) yield piece.subarray(left)
    left = Math.max(0, left - piece.length)
  }
}

async function readHead(iterator: AsyncIterator<Uint8Array>): Promise<Uint8Array> {
  let head: Uint8Array = new Uint8Array(0)
  while (head.length < 2) {
    const { value, done } = await iterator.next()
    if (done === true) break
    head = head.length === 0 ? value : Buffer.concat([head, value])
  }
  return head
}

async function* chain(head: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    if (head.length > 0) yield head
    for (;;) {
      const { value, done } = await rest.next()
      if (done === true) return
      yield value
    }
  } finally {
    await rest.return?.()
  }
}

/** Drives zlib chunk by chunk. It flows, never pauses: a paused stream loses what it holds when an error comes. */
class Inflation {
  readonly #stream: Gunzip = createGunzip()
  #pieces: Buffer[] = []
  #failure: Error | null = null
  #settle: () => void = () => {}
  ended = false

  constructor() {
    this.#stream.on('data', (piece: Buffer) => this.#pieces.push(piece))
    // Comes before the end of the input where bytes that are not gzip follow the last member.
    this.#stream.on('end', () => {
      this.ended = true
      this.#settle()
    })
    this.#stream.on('error', (error) => {
      this.#failure = error
      this.#settle()
    })
  }

  write(chunk: Uint8Array): Promise<Uint8Array> {
    return this.#settled((resolve) => {
      this.#stream.write(chunk, (error) => {
        this.#failure ??= error ?? null
        resolve()
      })
    })
  }

  end(): Promise<Uint8Array> {
    return this.#settled(() => this.#stream.end())
  }

  throwFailure(): void {
    if (this.#failure !== null) throw new GzipError(this.#failure)
  }

  destroy(): void {
    this.#stream.destroy()
  }

  async #settled(start: (resolve: () => void) => void): Promise<Uint8Array> {
    await new Promise<void>((resolve) => {
      this.#settle = resolve
      start(resolve)
    })
    const pieces = this.#pieces
    this.#pieces = []
    return pieces.length === 1 ? pieces[0] : Buffer.concat(pieces)
  }
}
