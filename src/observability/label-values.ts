/** Stands for every value that there is no room for. */
export const OTHER = 'other'

/** Longer texts are no names of anything. */
const MAX_LENGTH = 200

export interface LabelValuesOptions {
  /** Different values that are kept apart: the first ones that come. */
  readonly max: number
  /** Stands for no value. */
  readonly absent: string
  /** Values that have room whatever comes: what the user named. */
  readonly known?: readonly string[]
  /** What a value looks like; others count as `other`. */
  readonly pattern?: RegExp
}

/**
 * The values of one label, bounded in number. They come from log text, so from anybody: in what leaves here, control
 * characters (a NUL ends a scrape early) and lone surrogates (several would be one value in UTF-8, and a series that
 * stands twice spoils the scrape) are U+FFFD, and what is too long is `other`. Quotes, backslashes and the like are for
 * the exposition to escape. The same value always gives the same label.
 */
export class LabelValues {
  readonly #options: LabelValuesOptions
  readonly #known: Set<string>
  readonly #max: number

  constructor(options: LabelValuesOptions) {
    this.#options = options
    const { known = [], max } = options
    this.#known = new Set(known.map(clean).filter((value) => value !== null))
    this.#max = Math.max(max, this.#known.size)
  }

  of(value: string | null): string {
    const { absent, pattern } = this.#options
    if (value === null || value === '') return absent
    const label = clean(value)
    if (label === null || (pattern !== undefined && !pattern.test(label))) return OTHER
    if (this.#known.has(label)) return label
    if (this.#known.size >= this.#max) return OTHER
    this.#known.add(label)
    return label
  }
}

/** Null for what is too long. */
function clean(value: string): string | null {
  return value.length > MAX_LENGTH ? null : value.replace(/[\p{Cc}\p{Cs}]/gu, '\u{fffd}')
}
