export type Labels = Readonly<Record<string, string>>

/**
 * Bounds the number of different sets of labels. Each comes with the ways to say it, the most exact first; a way later
 * in the list has room where an earlier one has none any more, so that what alerts stand on (the target) is given up
 * last, and no flood of one label's values takes the room of another. The same ways always give the same answer, since
 * room only gets less.
 */
export class SeriesLimit {
  readonly #series = new Map<string, Labels>()

  /** `max` bounds all ways but the last, which has to be few by itself. */
  constructor(private readonly max: number) {}

  /** Number of different sets so far. */
  get size(): number {
    return this.#series.size
  }

  admit(ways: readonly Labels[]): Labels {
    for (const [index, labels] of ways.entries()) {
      const key = keyOf(labels)
      const known = this.#series.get(key)
      if (known !== undefined) return known
      const isLast = index === ways.length - 1
      if (!isLast && this.#series.size >= this.max * (1 - SHARE * (ways.length - 2 - index))) continue
      this.#series.set(key, labels)
      return labels
    }
    throw new RangeError('there is no way without labels')
  }
}

/** Of the room, that each less exact way has for itself. */
const SHARE = 0.15

function keyOf(labels: Labels): string {
  return JSON.stringify(Object.values(labels))
}
