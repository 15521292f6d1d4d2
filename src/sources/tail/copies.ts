import { readLogFileName } from '../log-file-name.js'
import { beginsAs, FINGERPRINT_BYTES, type Known } from './file-identity.js'
import type { FollowedFile } from './followed-file.js'
import { type Found, isCopy, openFound, withContent } from './remains.js'

/** Files that were read to their end lately. */
const MAX_FINISHED = 256

/** Files with the content of others: what is read once is not read again. */
export class Copies {
  /** By inode: where each lies. */
  readonly #paths = new Map<string, string>()
  readonly #finished: Known[] = []

  has(inode: string): boolean {
    return this.#paths.has(inode)
  }

  add(inode: string, path: string): void {
    this.#paths.set(inode, path)
  }

  release(inode: string): void {
    this.#paths.delete(inode)
  }

  /** A file is read to its end; copies of it may be there, or come. */
  finish(known: Known): void {
    this.#finished.push(known)
    if (this.#finished.length > MAX_FINISHED) this.#finished.shift()
  }

  /** What the file is a copy of; null for one that is its own. */
  async originalOf(
    file: Found & { readonly partition: string },
    others: Iterable<FollowedFile>,
  ): Promise<FollowedFile | 'finished' | null> {
    const head = new Uint8Array(FINGERPRINT_BYTES)
    const length = await withContent(file, (readAt) => readAt(head, 0))
    const looksAlike = ({ identity, partition }: Known): boolean =>
      (identity.prefixBytes === FINGERPRINT_BYTES || partition === file.partition) &&
      beginsAs(head.subarray(0, length), identity)
    // Of two that nothing has been read of, the one that was found first is the original.
    let isEarlier = true
    for (const other of others) {
      if (other.asFound.handle === file.handle) isEarlier = false
      if (!isEarlier && (!other.isSortedOut || other.asFound.handle === file.handle)) continue
      const { identity, trail, source } = other
      if (looksAlike({ identity, trail, partition: source.partition }) && (await isCopy(file, other))) return other
    }
    for (const known of this.#finished) if (looksAlike(known) && (await isCopy(file, known))) return 'finished'
    return null
  }

  /** Lets go of copies that are there no longer, and of those that have become files of their own. */
  async review(isThere: (inode: string) => boolean, files: () => Iterable<FollowedFile>): Promise<void> {
    for (const [inode, path] of [...this.#paths]) {
      if (!isThere(inode) || !(await this.#isStillCopy(inode, path, files()))) this.release(inode)
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
