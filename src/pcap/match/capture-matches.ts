import type { FailureDocument } from '../../records.js'
import type { Finding, PathOf } from '../findings.js'
import type { HostNames } from '../host-names.js'
import type { Targets } from '../targets.js'
import type { IdleTimeout } from '../verdict/idle-timeout.js'
import type { ClockOffset } from './clock-offset.js'
import { jointVerdict } from './joint-verdict.js'
import { type LoggedFailure, loggedFailureOf } from './logged-failure.js'
import type { Match } from './match.js'
import { matchFailures, rangeOf } from './match-failures.js'
import { packetVerdictOf, withPackets } from './packet-verdict.js'

/** Clocks that are farther apart are not looked for. */
const FARTHEST_CLOCK_MS = 2 * 3_600_000
const MAX_FAILURES = 50_000
/** Seen less often, it may have been for another reason. */
const LEAST_CLOSES = 3

/** A capture, judged. */
export interface JudgedCapture {
  readonly name: string
  readonly findings: readonly Finding[]
}

/** A failure's packets in one capture. */
export interface CaptureMatch extends Match {
  readonly capture: string
  readonly offset: ClockOffset | null
  /** Failures within the time of the capture. */
  readonly within: number
}

export interface CaptureMatchesInput {
  readonly captures: readonly JudgedCapture[]
  /** Of all of them. */
  readonly targets: Targets
  readonly names: HostNames
  readonly pathOf: PathOf
}

/** What captures have of the failures of logs. Each capture may have a clock of its own. */
export class CaptureMatches {
  readonly #failures = new Map<string, LoggedFailure>()
  readonly #matches = new Map<string, CaptureMatch>()
  readonly #byConnection = new Map<string, { readonly sure: CaptureMatch[]; readonly possible: CaptureMatch[] }>()
  /** By capture; null where nothing tells. */
  readonly offsets = new Map<string, ClockOffset | null>()
  /** Failures within the time of a capture of which no capture has anything. */
  unmatched: readonly LoggedFailure[] = []
  /** Failures that were not looked for, for there were too many. */
  omitted = 0
  readonly #firstMs: number
  readonly #lastMs: number

  constructor(private readonly input: CaptureMatchesInput) {
    const times = input.captures.map(({ findings }) => rangeOf(findings))
    this.#firstMs = Math.min(...times.map(({ firstMs }) => firstMs)) - FARTHEST_CLOCK_MS
    this.#lastMs = Math.max(...times.map(({ lastMs }) => lastMs)) + FARTHEST_CLOCK_MS
  }

  /**
   * To be called with all failures before `match`: which packets are whose, and the clock, is told by all of them. False where it
   * cannot be in a capture.
   */
  add(document: FailureDocument): boolean {
    const failure = loggedFailureOf(document)
    if (failure === null || failure.endMs < this.#firstMs || failure.endMs > this.#lastMs) return false
    if (this.#failures.size >= MAX_FAILURES) {
      this.omitted++
      return false
    }
    this.#failures.set(failure.id, failure)
    return true
  }

  /** By target as the log names it: when it closes idle connections, where the captures show it several times. */
  get idleTimeouts(): ReadonlyMap<string, IdleTimeout> {
    const { targets, names } = this.input
    const timeouts = new Map<string, IdleTimeout>()
    for (const { target: endpoint } of targets.all()) {
      const timeout = targets.idleTimeout(endpoint)
      if (timeout === null || timeout.closes < LEAST_CLOSES) continue
      for (const target of names.targetsOf(endpoint)) timeouts.set(target, timeout)
    }
    return timeouts
  }

  match(): void {
    const failures = [...this.#failures.values()]
    const unmatched = new Set<LoggedFailure>()
    for (const { name, findings } of this.input.captures) {
      const matching = matchFailures({ ...this.input, findings, failures })
      this.offsets.set(name, matching.offset)
      const { offset, within } = matching
      for (const match of matching.matches) this.#take({ ...match, capture: name, offset, within })
      for (const failure of matching.unmatched) unmatched.add(failure)
    }
    for (const match of this.#matches.values()) this.#note(match)
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
    return match === null
      ? document
      : withPackets(
          document,
          packetVerdictOf(match, { offsetMs: match.offset?.offsetMs ?? null, within: match.within }),
        )
  }

  /** The connection with what the log adds to its verdict. */
  judgedFinding(finding: Finding): Finding {
    const [match] = this.ofFinding(finding).sure
    return match === undefined ? finding : { ...finding, verdict: jointVerdict(match.failure, match.requests[0]) }
  }

  /** Whose packets are in a connection, and whose may be. */
  ofFinding(finding: Finding): MatchesOfFinding {
    return this.#byConnection.get(keyOf(finding)) ?? NOBODY
  }

  /** Of several captures that have it, the surest; of equals the first. */
  #take(match: CaptureMatch): void {
    const known = this.#matches.get(match.failure.id)
    if (known === undefined || rankOf(match) > rankOf(known)) this.#matches.set(match.failure.id, match)
  }

  #note(match: CaptureMatch): void {
    for (const { finding } of match.requests) {
      const known = this.#byConnection.get(keyOf(finding)) ?? { sure: [], possible: [] }
      this.#byConnection.set(keyOf(finding), known)
      if (match.basis === 'ambiguous') known.possible.push(match)
      else known.sure.push(match)
    }
  }
}

const keyOf = ({ capture, facts }: Finding): string => `${facts.index}\n${capture}`

/** Of one connection. */
export interface MatchesOfFinding {
  readonly sure: readonly CaptureMatch[]
  readonly possible: readonly CaptureMatch[]
}

const NOBODY: MatchesOfFinding = { sure: [], possible: [] }

const RANKS = { id: 4, path: 3, time: 2, ambiguous: 0 } as const
const rankOf = ({ basis, isAmong }: Match): number => RANKS[basis] + (isAmong ? 1 : 0)
