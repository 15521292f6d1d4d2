/** What is counted for one window and one value of each dimension. */
export interface Cell {
  /** Start of the window; null where there are no windows. */
  readonly startMs: number | null
  /** In the order of the dimensions. */
  readonly values: readonly (string | null)[]
  count: number
  firstMs: number | null
  lastMs: number | null
}

/** The value that stands for all that came when there was no more room. */
export const OTHER = 'other'

/**
 * Cells by window and values: a tree with one level for each, because looking a text up is cheaper than joining texts
 * into a key, and cannot confuse one key with another. Once there are `maxCells`, a value that is new at its place is
 * counted under `OTHER`; what is known already is still counted under its own name.
 */
export class Cells {
  readonly #root: Branch = new Map()
  readonly #all: Cell[] = []
  #folded = 0

  constructor(
    private readonly depth: number,
    private readonly maxCells: number,
  ) {}

  get all(): readonly Cell[] {
    return this.#all
  }

  /** How often a cell was asked for that there was no room for. */
  get folded(): number {
    return this.#folded
  }

  /** The cell for these values, made where it is missing. `values` is read only: the caller may use it again. */
  at(startMs: number | null, values: readonly (string | null)[]): Cell {
    let node = this.#root.get(startMs)
    if (node === undefined) return this.#place(startMs, values)
    for (let level = 0; level < this.depth; level++) {
      node = (node as Branch).get(values[level] ?? null)
      if (node === undefined) return this.#place(startMs, values)
    }
    return node as Cell
  }

  /** The cell for these values, if it is there. */
  find(startMs: number | null, values: readonly (string | null)[]): Cell | undefined {
    let node = this.#root.get(startMs)
    for (let level = 0; level < this.depth && node !== undefined; level++)
      node = (node as Branch).get(values[level] ?? null)
    return node as Cell | undefined
  }

  #place(startMs: number | null, values: readonly (string | null)[]): Cell {
    const path: (number | string | null)[] = [startMs, ...values.slice(0, this.depth)]
    const full = this.#all.length >= this.maxCells
    if (full) this.#folded++
    let branch = this.#root
    for (let level = 0; level < this.depth; level++) {
      if (full && level > 0 && !branch.has(path[level] ?? null)) path[level] = OTHER
      branch = nextBranch(branch, path[level] ?? null)
    }
    const last = path[this.depth] ?? null
    const key = full && this.depth > 0 && !branch.has(last) ? OTHER : last
    const present = branch.get(key)
    if (present !== undefined) return present as Cell
    path[this.depth] = key
    const cell: Cell = { startMs, values: path.slice(1) as (string | null)[], count: 0, firstMs: null, lastMs: null }
    branch.set(key, cell)
    this.#all.push(cell)
    return cell
  }
}

type Branch = Map<number | string | null, Branch | Cell>

function nextBranch(branch: Branch, key: number | string | null): Branch {
  const present = branch.get(key)
  if (present !== undefined) return present as Branch
  const made: Branch = new Map()
  branch.set(key, made)
  return made
}
