import { statSync } from 'node:fs'
import { PermanentError } from '../../errors.js'

/**
 * The file of a store while it is open. DuckDB goes on writing into a file that was deleted or moved, and nobody finds that again.
 * Asked by name: a handle of its own would end DuckDB's lock when it is closed.
 */
export class PlacedFile {
  readonly #inode: string

  /** The file is there, and open. */
  constructor(private readonly path: string) {
    this.#inode = inodeAt(path)
  }

  /** Throws `PermanentError` where another file, or none, is at the path by now. */
  check(): void {
    if (inodeAt(this.path) === this.#inode) return
    throw new PermanentError(`the store was deleted or moved while it was open: ${this.path}`, {
      code: 'store_unreachable',
      hint: 'put it back, or start again with a new one; for what only the old one held, read the logs again with run --once',
    })
  }
}

/** Empty where there is none. */
function inodeAt(path: string): string {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false })
  return stats === undefined ? '' : `${stats.dev}:${stats.ino}`
}
