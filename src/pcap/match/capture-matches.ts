import type { FailureDocument } from '../../records.js'
import type { Finding, PathOf } from '../findings.js'
import type { HostNames } from '../host-names.js'
import type { ClockOffset } from './clock-offset.js'
import { type LoggedFailure, loggedFailureOf } from './logged-failure.js'
import { type Match, matchFailures } from './match-failures.js'
import { packetVerdictOf, withPackets } from './packet-verdict.js'

/** A capture, judged. */
export interface JudgedCapture {
  readonly name: string
  readonly findings: readonly Finding[]
}

/** A failure's packets in one capture. */
export interface CaptureMatch extends Match {
  readonly capture: string
  readonly offset: ClockOffset | null
}

export interface CaptureMatchesInput {
  readonly captures: readonly JudgedCapture[]
  readonly names: HostNames
  readonly pathOf: PathOf
}

/** What captures have of the failures of logs. Each capture may have a clock of its own. */
export class CaptureMatches {
  readonly #failures = new Map<string, LoggedFailure>()
  readonly #matches = new Map<string, CaptureMatch>()
  /** By capture; null where nothing tells. */
  readonly offsets = new Map<string, ClockOffset | null>()
  /** Failures within the time of a capture of which no capture has anything. */
  unmatched: readonly LoggedFailure[] = []

  constructor(private readonly input: CaptureMatchesInput) {}

  /** To be called with all failures before `match`: which packets are whose, and the clock, is told by all of them. */
  add(document: FailureDocument): void {
    const failure = loggedFailureOf(document)
    if (failure !== null) this.#failures.set(failure.id, failure)
  }

  match(): void {
    const failures = [...this.#failures.values()]
    const unmatched = new Set<LoggedFailure>()
    for (const { name, findings } of this.input.captures) {
      const matching = matchFailures({ ...this.input, findings, failures })
      this.offsets.set(name, matching.offset)
      for (const match of matching.matches) this.#take({ ...match, capture: name, offset: matching.offset })
      for (const failure of matching.unmatched) unmatched.add(failure)
    }
    this.unmatched = [...unmatched].filter(({ id }) => !this.#matches.has(id))
  }

  get all(): readonly CaptureMatch[] {
    return [...this.#matches.values()]
  }

  of(id: string | null): CaptureMatch | null {
    return (id === null ? undefined : this.#matches.get(id)) ?? null
  }

  /** The document with what its packets say; as it is where no capture has them. */
  judged(document: FailureDocument): FailureDocument {
    const match = this.of(document.http.request.id)
    if (match === null) return document
    const verdict = packetVerdictOf(match, match.offset?.offsetMs ?? null, document.edgemicro.phase)
    return withPackets(document, verdict)
  }

  /** Of several captures that have it, the surest; of equals the first. */
  #take(match: CaptureMatch): void {
    const known = this.#matches.get(match.failure.id)
    if (known === undefined || rankOf(match) > rankOf(known)) this.#matches.set(match.failure.id, match)
  }
}

const RANKS = { id: 4, path: 3, time: 2, ambiguous: 0 } as const
const rankOf = ({ basis, isAmong }: Match): number => RANKS[basis] + (isAmong ? 1 : 0)
