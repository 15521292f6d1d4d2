const MAX_NAME_LENGTH = 90
/** Devices on Windows, whatever their ending. */
const RESERVED = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i

/**
 * Makes any text a file name that is harmless on every system: letters, digits, `.`, `-` and `_` alone, no dot in front and no two
 * together, of bounded length, its ending kept.
 */
export function safeName(text: string): string {
  const plain = text
    .replace(/[^\w.-]+|\.{2,}/g, '_')
    .replace(/^[.-]+/, '_')
    .replace(/\.$/, '')
  const named = plain === '' || RESERVED.test(plain) ? `_${plain}` : plain
  if (named.length <= MAX_NAME_LENGTH) return named
  const head = MAX_NAME_LENGTH / 2
  return `${named.slice(0, head)}_${named.slice(head + 1 - MAX_NAME_LENGTH)}`
}

/** Names inside of one archive: none is given twice, also where capitals make no difference. */
export class EntryNames {
  readonly #taken = new Set<string>()

  /** `directory/name`, with a number before the ending where that is taken. */
  unique(directory: string, name: string): string {
    const safe = safeName(name)
    const dot = safe.lastIndexOf('.')
    const [stem, ending] = dot > 0 ? [safe.slice(0, dot), safe.slice(dot)] : [safe, '']
    for (let number = 1; ; number++) {
      const wanted = `${directory}/${number === 1 ? safe : `${stem}-${number}${ending}`}`
      const key = wanted.toLowerCase()
      if (this.#taken.has(key)) continue
      this.#taken.add(key)
      return wanted
    }
  }
}
