/** Finds the end of a chunked body, trailers included (RFC 9112, 7.1), and keeps none of it. */
export class ChunkedBody {
  #state: 'size' | 'data' | 'trailer' = 'size'
  /** Of the chunk under way, its line end included. */
  #left = 0
  /** A line that has not ended yet. */
  #line = ''

  /** Bytes behind the body's end; null while there is more to come; `broken` where a chunk has no size. */
  take(bytes: Buffer): Buffer | 'broken' | null {
    let at = 0
    while (at < bytes.length) {
      if (this.#state === 'data') {
        const taken = Math.min(this.#left, bytes.length - at)
        this.#left -= taken
        at += taken
        if (this.#left === 0) this.#state = 'size'
        continue
      }
      const end = bytes.indexOf(LINE_FEED, at)
      this.#line += bytes.subarray(at, end === -1 ? bytes.length : end).toString('latin1')
      if (this.#line.length > MAX_LINE_LENGTH) return 'broken'
      if (end === -1) return null
      at = end + 1
      const line = this.#line.replace(/\r$/, '')
      this.#line = ''
      if (this.#state === 'trailer') {
        if (line === '') return bytes.subarray(at)
      } else if (!this.#begin(line)) return 'broken'
    }
    return null
  }

  #begin(line: string): boolean {
    const size = /^([\da-f]{1,12})\s*(?:;|$)/i.exec(line)
    if (size === null) return false
    const length = Number.parseInt(size[1], 16)
    this.#state = length === 0 ? 'trailer' : 'data'
    this.#left = length + LINE_END_LENGTH
    return true
  }
}

const LINE_FEED = 0x0a
const LINE_END_LENGTH = 2
const MAX_LINE_LENGTH = 8_192
