import { type FSWatcher, watch } from 'node:fs'

/** Of pods, each container has one. */
const MAX_DIRECTORIES = 512

/**
 * Tells that something happened in a directory, to make polling quicker. A hint only: where the system cannot watch
 * (network file systems, no watches left), nothing is told and polling finds it later.
 */
export class DirectoryHints {
  readonly #watchers = new Map<string, FSWatcher>()

  /** `onHint` hears whether names changed (a file came, went or was renamed) or only content. */
  constructor(private readonly onHint: (namesChanged: boolean) => void) {}

  watch(directory: string): void {
    if (this.#watchers.has(directory) || this.#watchers.size >= MAX_DIRECTORIES) return
    try {
      const watcher = watch(directory, { persistent: false }, (event) => this.onHint(event === 'rename'))
      watcher.on('error', () => this.#forget(directory))
      this.#watchers.set(directory, watcher)
    } catch {
      // Not there yet, or not to be watched: polling does it.
    }
  }

  close(): void {
    for (const directory of [...this.#watchers.keys()]) this.#forget(directory)
  }

  #forget(directory: string): void {
    this.#watchers.get(directory)?.close()
    this.#watchers.delete(directory)
  }
}
