import { readLogFileName } from '../log-file-name.js'
import { FINGERPRINT_BYTES, type FileIdentity, type Head, type Known, readHead } from './file-identity.js'
import type { FollowedFile } from './followed-file.js'
import { type Found, isCopy, openFound, withContent } from './found.js'
import type { Neighbours } from './neighbours.js'

/** What was read is known for so long after its end, however many files that are: what a rotator left of it may be found again. */
const FINISHED_MS = 3_600_000

/** Files with the content of others: what is read once is not read again. */
export class Copies {
  /** By inode: where each lies, and its version when that was looked at last. */
  readonly #copies = new Map<string, { readonly path: string; version: string }>()
  /** Oldest first; `atMs` on the clock of `performance.now()`. */
  readonly #finished: { readonly known: Known; readonly atMs: number }[] = []
  readonly #neighbours: Neighbours

  constructor(neighbours: Neighbours) {
    this.#neighbours = neighbours
  }

  has(inode: string): boolean {
    return this.#copies.has(inode)
  }

  add(inode: string, path: string): void {
    this.#copies.set(inode, { path, version: '' })
  }

  release(inode: string): void {
    this.#copies.delete(inode)
  }

  /** A file is read to its end; copies of it may be there, or come. */
  finish(known: Known): void {
    const atMs = performance.now()
    while (this.#finished.length > 0 && atMs - this.#finished[0].atMs > FINISHED_MS) this.#finished.shift()
    this.#finished.push({ known, atMs })
  }

  /** What the file is a copy of; null for one that is its own. Throws for a packed file that is damaged or not yet whole. */
  async originalOf(
    file: Found & { readonly partition: string },
    others: Iterable<FollowedFile>,
  ): Promise<FollowedFile | 'finished' | null> {
    const head = await withContent(file, readHead)
    // Of two that nothing has been read of, the one that was found first is the original.
    let isEarlier = true
    for (const other of others) {
      const isItself = other.inode === file.handle.inode
      if (isItself) isEarlier = false
      if (isItself || (!isEarlier && !other.isSortedOut)) continue
      if (looksAlike(head, file.partition, other.identity, other.source.partition) && (await isCopy(file, other))) {
        return other
      }
    }
    for (const { known } of this.#finished) {
      const { identity, partition } = known
      if (looksAlike(head, file.partition, identity, partition) && (await isCopy(file, known))) return 'finished'
    }
    return null
  }

  /** Lets go of copies that are there no longer, and of those that have become files of their own. */
  async review(isThere: (inode: string) => boolean, files: () => Iterable<FollowedFile>): Promise<void> {
    for (const [inode, copy] of [...this.#copies]) {
      const now = isThere(inode) ? this.#neighbours.at(copy.path) : null
      if (now?.inode === inode && now.version === copy.version) continue
      if (now?.inode === inode && (await this.#isStillCopy(inode, copy.path, files()))) copy.version = now.version
      else this.release(inode)
    }
  }

  async #isStillCopy(inode: string, path: string, files: Iterable<FollowedFile>): Promise<boolean> {
    const found = await openFound(path)
    if (found === null) return false
    try {
      const partition = readLogFileName(path).partition
      return found.handle.inode === inode && (await this.originalOf({ ...found, partition }, files)) !== null
    } finally {
      await found.handle.close()
    }
  }
}

/** A file that begins as another did while that was short is a copy only where their names say so, too. */
function looksAlike(head: Head, partition: string, identity: FileIdentity, otherPartition: string): boolean {
  return (identity.prefixBytes === FINGERPRINT_BYTES || otherPartition === partition) && head.beginsAs(identity)
}
