import { InputError } from '../../errors.js'
import { findingsOf, type PathOf } from '../../pcap/findings.js'
import { HostNames } from '../../pcap/host-names.js'
import { CaptureMatches, type JudgedCapture } from '../../pcap/match/capture-matches.js'
import { CaptureReader, fileChunks } from '../../pcap/read-capture.js'
import { continues } from '../../pcap/rings.js'
import { Targets } from '../../pcap/targets.js'
import type { FailureDocument, IndexDocument } from '../../records.js'
import { CaptureDirectory, type CompletedCapture } from './capture-directory.js'

export interface PacketWatchInput {
  /** Files, globs, directories. */
  readonly paths: readonly string[]
  /** Addresses of targets by name, where captures do not tell them. */
  readonly addresses: ReadonlyMap<string, readonly string[]>
  readonly pathOf: PathOf
  readonly onProblem: (problem: InputError) => void
  readonly signal: AbortSignal
}

/** The latest failures; some kilobytes each. */
const MAX_FAILURES = 20_000
/** The latest captures; of each its failed connections alone. */
const MAX_CAPTURES = 16

interface WatchedCapture {
  readonly capture: JudgedCapture
  readonly targets: Targets
  readonly names: HostNames
}

/**
 * Gives failures again, with what packets tell, when captures come that hold them: whichever comes later. What it gives depends on a
 * capture and on the failures in its time that are known by then; it says how many these are (`packet_failures`), so that where
 * documents are merged the one that rests on most stays. In the end that is the same, whatever came when.
 */
export class PacketWatch {
  readonly #directory: CaptureDirectory
  readonly #failures = new Map<string, FailureDocument>()
  #captures: WatchedCapture[] = []
  /** By failure and capture: what was given last. */
  readonly #given = new Map<string, Map<string, string>>()
  #isChanged = false

  constructor(private readonly input: PacketWatchInput) {
    this.#directory = new CaptureDirectory(input.paths)
  }

  /** Documents that were given out. */
  add(documents: readonly IndexDocument[]): void {
    for (const each of documents) {
      if (each.kind !== 'failure') continue
      this.#failures.delete(each.id)
      this.#failures.set(each.id, each.document)
      this.#isChanged = true
    }
    for (const id of this.#failures.keys()) {
      if (this.#failures.size <= MAX_FAILURES) break
      this.#failures.delete(id)
      this.#given.delete(id)
    }
  }

  /** Reads captures that have come; then as `match`. `isLast`: also those that may not be complete. */
  async look(options: { readonly isLast?: boolean } = {}): Promise<readonly IndexDocument[]> {
    for (const completed of await this.#directory.look(options)) {
      const watched = await this.#read(completed)
      if (watched === null) continue
      this.#captures = [...this.#captures.filter(({ capture }) => capture.name !== watched.capture.name), watched]
      this.#captures = this.#captures.slice(-MAX_CAPTURES)
      this.#isChanged = true
    }
    return this.match()
  }

  /** Failures of which packets tell something else than before. */
  match(): readonly IndexDocument[] {
    if (!this.#isChanged) return []
    this.#isChanged = false
    return this.#captures.flatMap((watched) => this.#judged(watched))
  }

  #judged({ capture, targets, names }: WatchedCapture): readonly IndexDocument[] {
    const matches = new CaptureMatches({ captures: [capture], targets, names, pathOf: this.input.pathOf })
    for (const document of this.#failures.values()) matches.add(document)
    matches.match()
    return matches.all.flatMap(({ failure }): readonly IndexDocument[] => {
      const known = this.#failures.get(failure.id)
      if (known === undefined) return []
      const document = matches.judged(known)
      const { cause, confidence, evidence } = document.edgemicro
      const told = JSON.stringify([cause, confidence, evidence])
      const given = this.#given.get(failure.id) ?? new Map<string, string>()
      if (given.get(capture.name) === told) return []
      this.#given.set(failure.id, given.set(capture.name, told))
      return [{ kind: 'failure', id: failure.id, document }]
    })
  }

  /** With the file before it, in which its connections may have begun. */
  async #read({ file, before }: CompletedCapture): Promise<WatchedCapture | null> {
    const targets = new Targets()
    const names = new HostNames(this.input.addresses)
    try {
      let reader = new CaptureReader({ ...this.input, targets, names, onProblem: () => {} })
      if (before !== null) {
        await reader.read(before.path, fileChunks(before.path)).catch(() => {})
        if (!continues(file, reader.lastMs)) reader = new CaptureReader({ ...this.input, targets, names })
      }
      await reader.read(file.path, fileChunks(file.path))
      const findings = findingsOf(reader.files, reader.end(), targets)
      const last = reader.files.length - 1
      const inFile = findings.filter(({ facts }) => facts.places.some((place) => place.file === last))
      return { capture: { name: file.path, findings: inFile }, targets, names }
    } catch (error) {
      if (this.input.signal.aborted) return null
      if (!(error instanceof InputError)) throw error
      this.input.onProblem(error)
      return null
    }
  }
}
