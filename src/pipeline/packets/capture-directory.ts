import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { fileChunks, firstPacketMs } from '../../pcap/read-capture.js'
import { type CaptureFile, inRings } from '../../pcap/rings.js'
import { expandInput } from '../../sources/discover.js'

/** A capture file to which nothing more is written, and the one that it continues. */
export interface CompletedCapture {
  readonly file: CaptureFile
  readonly before: CaptureFile | null
}

const CAPTURE_NAME = /\.p?cap(?:ng)?\d*(?:\.gz)?$/i

/**
 * Captures at given places, as capture programs rotate them. A file is complete when a later one of its ring is there, or when it
 * did not change between two looks.
 */
export class CaptureDirectory {
  /** By path: what it looked like when it was looked at last. */
  #seen = new Map<string, string>()
  readonly #told = new Map<string, string>()

  /** `paths`: files, globs, directories. */
  constructor(private readonly paths: readonly string[]) {}

  /** Captures that have become complete since the last call. `isLast`: all that have not been told yet. */
  async look({ isLast = false } = {}): Promise<readonly CompletedCapture[]> {
    const seen = new Map<string, string>()
    for (const path of await this.#files()) {
      const state = await stateOf(path)
      if (state !== null) seen.set(path, state)
    }
    const isChanged = [...seen].some(([path, state]) => this.#told.get(path) !== state)
    const before = this.#seen
    this.#seen = seen
    for (const path of this.#told.keys()) if (!seen.has(path)) this.#told.delete(path)
    return isChanged ? this.#completed(seen, (path) => isLast || before.get(path) === seen.get(path)) : []
  }

  async #completed(
    seen: ReadonlyMap<string, string>,
    isStill: (path: string) => boolean,
  ): Promise<readonly CompletedCapture[]> {
    const files: CaptureFile[] = []
    for (const path of seen.keys()) files.push({ path, firstMs: await firstPacketMs(fileChunks(path)) })
    const completed: CompletedCapture[] = []
    for (const ring of inRings(files.filter(({ firstMs }) => firstMs !== null))) {
      for (const [index, file] of ring.entries()) {
        const state = seen.get(file.path) ?? ''
        const isNewest = index === ring.length - 1
        if (this.#told.get(file.path) === state || (isNewest && !isStill(file.path))) continue
        this.#told.set(file.path, state)
        completed.push({ file, before: ring[index - 1] ?? null })
      }
    }
    return completed
  }

  async #files(): Promise<readonly string[]> {
    const files = new Set<string>()
    for (const path of this.paths) {
      const isDirectory = (await stat(path).catch(() => null))?.isDirectory() ?? false
      const found = isDirectory
        ? (await readdir(path)).map((name) => join(path, name))
        : await expandInput(path).catch(() => [])
      for (const each of found) if (!isDirectory || CAPTURE_NAME.test(each)) files.add(each)
    }
    return [...files].sort()
  }
}

async function stateOf(path: string): Promise<string | null> {
  const stats = await stat(path).catch(() => null)
  return stats?.isFile() ? `${stats.ino} ${stats.size} ${stats.mtimeMs}` : null
}
