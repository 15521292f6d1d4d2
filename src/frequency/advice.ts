import { formatCount, formatDuration, formatInstant, formatSetting, formatShare, formatShareRange } from '../numbers.js'
import type { Cause } from '../records.js'

export interface AdviceInput {
  readonly target: string
  /** Base paths of the APIs that lead to it, those with most failures first. */
  readonly apis?: readonly string[]
  readonly failures: number
  /** Failures by cause, most frequent first. */
  readonly byCause: Readonly<Record<string, number>>
  /** Null, like the rate and its interval, without a denominator. */
  readonly requests: number | null
  readonly rate?: number | null
  readonly rateLow?: number | null
  readonly rateHigh?: number | null
  readonly facts?: TargetFacts
}

/** What the failures of a target tell together, besides their counts. */
export interface TargetFacts {
  /** Its idle timeout; null: not known. */
  readonly idleTimeout: IdleTimeoutFacts | null
  /** Its resets, where single ones tell nothing; null: there are none. */
  readonly population: PopulationFacts | null
  /** When it was down, in their order. */
  readonly outages: readonly OutageFacts[]
}

/** Times in milliseconds since the epoch. */
export interface OutageFacts {
  readonly fromMs: number
  readonly untilMs: number
  readonly cut: number
  readonly refused: number
}

/** Times in milliseconds. */
export interface IdleTimeoutFacts {
  readonly timeoutMs: number
  readonly lowMs: number
  readonly highMs: number
  /** A timeout of the target at which nearly all its races would not have happened; null where none is known. */
  readonly longEnoughMs: number | null
  /** A timeout of the gateway that is safely below. */
  readonly saferMs: number
}

export interface PopulationFacts {
  readonly resets: number
  readonly epipe: number
  readonly read: number
  readonly elapsedMedianMs: number | null
  readonly elapsedP90Ms: number | null
}

/** One paragraph: how often, the most frequent cause, and what to look at or to change first; and what else is known of races and outages. */
export function adviceFor(input: AdviceInput): string {
  const { failures, byCause } = input
  if (failures === 0) return 'nothing failed'
  const [cause, count] = mostFrequent(byCause)
  const first = `${subject(input)}: ${howOften(input)} failed; ${ofThem(count, failures)} ${causeAdvice(cause, count, input)}`
  const { keepalive_race: races = 0 } = byCause
  const idleTimeout = input.facts?.idleTimeout ?? null
  const sentences = [first]
  if (cause !== 'keepalive_race' && races > 0 && idleTimeout !== null) {
    sentences.push(`${ofThem(races, failures)} ${racesAdvice(races, idleTimeout)}`)
  }
  if (hasOutages(input) && cause !== 'connect_refused') sentences.push(`It ${wentDown(input.facts?.outages ?? [])}`)
  return sentences.join('. ')
}

function hasOutages({ facts }: AdviceInput): boolean {
  return facts !== undefined && facts.outages.length > 0
}

/** `went down 2 times (…): 17 requests were broken off, and 80 refused until it listened again`. */
function wentDown(outages: readonly OutageFacts[]): string {
  const times = outages.length === 1 ? '' : ` ${formatCount(outages.length)} times`
  const sum = (numberOf: (outage: OutageFacts) => number): number =>
    outages.reduce((all, each) => all + numberOf(each), 0)
  const cut = sum((each) => each.cut)
  const refused = sum((each) => each.refused)
  const broken = `${formatCount(cut)} ${cut === 1 ? 'request was' : 'requests were'} broken off`
  const until = refused === 0 ? '' : `, and ${formatCount(refused)} refused until it listened again`
  return `went down${times} (${whenDown(outages)}): ${broken}${until}. Look for crashes and restarts in its log`
}

const MAX_TIMES = 3

/** Outages are known by the second. */
function wholeSeconds(durationMs: number): string {
  return durationMs < 60_000 ? `${Math.round(durationMs / 1_000)} s` : formatDuration(durationMs)
}

function whenDown(outages: readonly OutageFacts[]): string {
  const named = outages
    .slice(0, MAX_TIMES)
    .map(({ fromMs, untilMs }) => `${formatInstant(fromMs)} for ${wholeSeconds(untilMs - fromMs)}`)
  return [...named, ...(outages.length > MAX_TIMES ? ['…'] : [])].join(', ')
}

/** What a report calls the targets that are not in the log. */
export const UNKNOWN_TARGET = 'unknown'

const MAX_APIS = 3

function subject({ apis = [], target }: AdviceInput): string {
  if (apis.length === 0) return target
  const more = apis.length > MAX_APIS ? ` and ${formatCount(apis.length - MAX_APIS)} more` : ''
  return `${apis.slice(0, MAX_APIS).join(', ')}${more} → ${target}`
}

function howOften({ failures, requests, rate = null, rateLow = null, rateHigh = null }: AdviceInput): string {
  if (requests === null || rate === null || rateLow === null || rateHigh === null) {
    return `${formatCount(failures)} ${failures === 1 ? 'request' : 'requests'}`
  }
  const share = `${formatShare(rate)}, ${formatShareRange(rateLow, rateHigh).replace(/ %$/, '')}`
  return `${formatCount(failures)} of ${formatCount(requests)} requests (${share})`
}

function ofThem(count: number, failures: number): string {
  if (count === failures) return failures === 1 ? 'it is' : 'all are'
  return `${formatCount(count)} ${count === 1 ? 'is' : 'are'}`
}

function causeAdvice(cause: string, count: number, { target, requests, facts }: AdviceInput): string {
  if (cause === 'undetermined') return `undetermined: ${undetermined(target, requests, facts?.population ?? null)}`
  if (cause === 'keepalive_race') return racesAdvice(count, facts?.idleTimeout ?? null)
  if (cause === 'connect_refused' && facts !== undefined && facts.outages.length > 0)
    return `connect_refused: it ${wentDown(facts.outages)}`
  const advice = ADVICE[cause as Exclude<Cause, Told>]
  if (advice === undefined) return `${cause}: look at single failures with hangup explain`
  return `${cause}: ${advice(target === UNKNOWN_TARGET ? 'the target' : target)}`
}

function racesAdvice(count: number, timeout: IdleTimeoutFacts | null): string {
  return `${count === 1 ? 'a keep-alive race' : 'keep-alive races'}: ${race(timeout)}`
}

function race(timeout: IdleTimeoutFacts | null): string {
  if (timeout === null) {
    return 'the target closes idle connections just as the gateway reuses them. Make its keep-alive timeout longer than connections are idle, or have the gateway give them up first (hangup keepalive plugin)'
  }
  const { timeoutMs, lowMs, highMs, longEnoughMs, saferMs } = timeout
  const seconds = (ms: number): string => (ms / 1_000).toFixed(highMs - lowMs < NARROW_MS ? 2 : 1)
  const after = `${seconds(timeoutMs)} s (${seconds(lowMs)}–${seconds(highMs)})`
  const plugin = `install the plugin that hangup keepalive plugin --timeout ${formatSetting(saferMs)} writes: the gateway gives idle connections up first`
  const change =
    longEnoughMs === null ? `I${plugin.slice(1)}` : `Set its timeout above ${longEnoughMs / 1_000} s, or ${plugin}`
  return `the target closes idle connections after ${after}. ${change}`
}

/** Below, an interval is shown with two decimals of a second, so that both of its ends can be told apart. */
const NARROW_MS = 200

const MORE_LINES = 'set logging.level: info on the gateway and read a new log'

function undetermined(target: string, requests: number | null, population: PopulationFacts | null): string {
  if (population !== null) {
    return `warn and error lines do not tell what connection a request took.${describe(population)} To know, ${MORE_LINES}`
  }
  if (requests === null) return `the log does not show why: ${MORE_LINES}`
  if (target === UNKNOWN_TARGET) return `the log does not name the target: ${MORE_LINES}`
  return 'the log does not show which side closed the connection: compare the keep-alive timeout and the log of the target with the times of the failures'
}

/** A sentence with a blank before it; of few resets, shares and quantiles say nothing. */
function describe(population: PopulationFacts): string {
  const { resets, epipe, read, elapsedMedianMs, elapsedP90Ms } = population
  if (resets < DESCRIBED_RESETS) return ''
  const codes = `${formatShare(epipe / resets)} are EPIPE and ${formatShare(read / resets)} read ECONNRESET`
  const elapsed =
    elapsedMedianMs === null || elapsedP90Ms === null
      ? ''
      : `, half came within ${formatDuration(elapsedMedianMs)} of the request and nine of ten within ${formatDuration(elapsedP90Ms)}`
  const lean = leanOf(population)
  return ` Of ${formatCount(resets)} resets, ${codes}${elapsed}${lean === null ? '' : `: ${lean}`}.`
}

const DESCRIBED_RESETS = 5
/** Of fewer resets, or smaller shares, nothing is concluded. */
const TELLING_RESETS = 20
const TELLING_EPIPE = 0.05
const TELLING_READ = 0.1

/** Of real gateways: 15 % of keep-alive races are EPIPE and 2 % read ECONNRESET; of premature closes 1 % and 20 %. */
function leanOf({ resets, epipe, read }: PopulationFacts): string | null {
  if (resets < TELLING_RESETS) return null
  if (epipe >= TELLING_EPIPE * resets) return 'so there are likely keep-alive races among them'
  if (read >= TELLING_READ * resets) return 'so the target likely closes connections in the middle of requests'
  return null
}

type Told = 'keepalive_race' | 'undetermined'

const ADVICE: Readonly<Record<Exclude<Cause, Told>, (target: string) => string>> = {
  premature_close: () =>
    'the target closes connections in the middle of requests: look for crashes, restarts and limits in its log',
  response_aborted: () =>
    'the target breaks off its responses: look for crashes, restarts and response limits in its log',
  target_timeout: () =>
    "the target answers later than the gateway waits: make it faster, or raise the gateway's request timeout",
  connect_refused: (target) => `nothing listens at ${target}: is the target running?`,
  connect_timeout: (target) => `no answer from ${target} when connecting: look at firewalls and at the target's load`,
  host_unreachable: (target) => `no route to ${target}: look at the network between gateway and target`,
  dns_notfound: (target) =>
    `the name of ${target} does not resolve on the gateway: look at DNS and at the target's spelling`,
  tls_aborted: (target) =>
    `${target} breaks off TLS handshakes: compare protocol versions, ciphers and client certificates`,
  tls_certificate: (target) =>
    `the gateway does not trust the certificate of ${target}: renew it, or add its issuer to the gateway`,
  bad_response: (target) =>
    `${target} answers with something that is not HTTP: is this the right port, and does it expect TLS?`,
  client_abort: () => 'clients gave up before the answer came: compare their timeouts with the time the target takes',
  rejected_by_gateway: () =>
    "the gateway refused these requests itself: look at base paths, quotas and the plugins' settings",
  target_status: () => 'the target answered with an error status: look into its own log',
}

function mostFrequent(byCause: Readonly<Record<string, number>>): readonly [string, number] {
  return Object.entries(byCause).reduce((best, entry) => (entry[1] > best[1] ? entry : best), ['', 0])
}
