import type { IdleTimeoutEstimate } from '../../diagnose/idle-timeout.js'
import type { Cause, FailureDocument } from '../../records.js'
import { isEstimated } from '../target-facts.js'
import { formatCount, formatDuration, formatShare } from '../terminal/numbers.js'
import { meaningOf } from './causes.js'

export interface StoryInput {
  readonly failure: FailureDocument
  /** What all resets of its target in these logs tell of its idle timeout; absent: nothing. */
  readonly estimate?: IdleTimeoutEstimate
}

/**
 * Why a request failed, in sentences: what connection it took, what became of others, how sure the verdict is, and what follows
 * of it. Texts from the log stand in them as written.
 */
export function storyOf(input: StoryInput): string[] {
  const { failure } = input
  const { evidence, target, target_source: source } = failure.edgemicro
  const named =
    target === null
      ? 'The target is not in these logs.'
      : `The target was ${target}${source === 'inferred' ? ', as other requests of this API tell' : ''}.`
  return [
    `${named} ${halves(failure)}`,
    ...[connection(failure), evidence.reused === 1 ? others(evidence) : null, timeout(input), times(evidence)].filter(
      (sentence) => sentence !== null,
    ),
    verdict(failure),
    ...[consequence(failure)].filter((sentence) => sentence !== null),
  ]
}

type Evidence = FailureDocument['edgemicro']['evidence']

function halves({ edgemicro }: FailureDocument): string {
  if (edgemicro.halves === 'both') return 'Both halves of the failure are there.'
  return `Only the ${edgemicro.halves} half of the failure is there.`
}

function connection({ edgemicro }: FailureDocument): string | null {
  const { evidence, worker, halves: which } = edgemicro
  const who = worker === null ? 'The worker' : `Worker ${worker}`
  if (evidence.reused === 1) {
    return `${who} sent it over a connection that had been idle for ${milliseconds(evidence.idle_ms ?? 0)} since the request before.`
  }
  if (evidence.reused === 0) {
    return `${who} had no idle connection to the target for this API, and opened a new one: a connection that was never idle is in no race.`
  }
  if (which === 'client') return null
  return 'Which connection it took is not known: only info lines before it tell (logging.level: info on the gateway).'
}

function others({ reuses, reuses_near: near, reuses_same: same, resets_near: resets }: Evidence): string {
  const all = `In the five to ten minutes until then, ${formatCount(reuses ?? 0)} requests of this API on reused connections ended well`
  const share = reuses != null && reuses > 0 && near != null && near > 0 ? ` (${formatShare(near / reuses)})` : ''
  const well = `${formatCount(near ?? 0)} of them${share} on connections that had been idle for about as long (within 7 %; ${formatCount(same ?? 0)} within 1 %)`
  return `${all}, ${well}; before this one, ${formatCount(resets ?? 0)} were reset there.`
}

function timeout({ failure: { edgemicro }, estimate }: StoryInput): string | null {
  const { idle_ms: idleMs } = edgemicro.evidence
  if (idleMs == null || !BY_CONNECTION.has(edgemicro.cause)) return null
  if (!isEstimated(estimate)) return 'These logs do not tell after how long the target closes idle connections.'
  const { timeoutMs, lowMs, highMs, races, seenCloses } = estimate
  const source =
    seenCloses === undefined
      ? `${formatCount(races)} keep-alive races in these logs tell`
      : `${formatCount(seenCloses)} closes in the captures show`
  const known = `The target closes idle connections after ${milliseconds(timeoutMs)} (${milliseconds(lowMs)} to ${milliseconds(highMs)}), as ${source}`
  const away = idleMs / timeoutMs - 1
  return `${known}: this one was taken ${Math.abs(away) < 0.005 ? 'just then' : `${formatShare(Math.abs(away))} ${away < 0 ? 'before' : 'after'} that`}.`
}

function times({ elapsed_ms: elapsed, halves_gap_ms: gap, client_aborted_after_ms: aborted }: Evidence): string | null {
  const parts = [
    elapsed == null ? null : `the request to the target failed ${milliseconds(elapsed)} after it began`,
    gap == null ? null : `the client was told ${milliseconds(gap)} later`,
    aborted == null ? null : `the client had gone after ${milliseconds(aborted)}`,
  ].filter((part) => part !== null)
  if (parts.length === 0) return null
  const text = parts.join(', ')
  return `${text[0].toUpperCase()}${text.slice(1)}.`
}

function verdict({ edgemicro: { cause, confidence } }: FailureDocument): string {
  if (cause === 'undetermined') return `Verdict: undetermined: ${meaningOf(cause)}.`
  return `Verdict: ${cause}: ${meaningOf(cause)}. Of a hundred such verdicts, ${Math.round(confidence * 100)} are right (confidence ${confidence}).`
}

const BY_CONNECTION = new Set<Cause>(['keepalive_race', 'premature_close', 'undetermined'])
const NEVER_REACHED = new Set<Cause>([
  ...(['keepalive_race', 'connect_refused', 'connect_timeout', 'host_unreachable'] as const),
  ...(['dns_notfound', 'tls_aborted', 'tls_certificate', 'rejected_by_gateway'] as const),
])
const MAY_HAVE_REACHED = new Set<Cause>(['premature_close', 'response_aborted', 'target_timeout', 'bad_response'])
/** Idempotent methods (RFC 9110, section 9.2.2). */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'TRACE'])

function consequence({ http, edgemicro: { cause } }: FailureDocument): string | null {
  const { method } = http.request
  if (NEVER_REACHED.has(cause)) {
    const safe =
      method === null || !IDEMPOTENT.has(method)
        ? 'It is safe to send again if it is idempotent'
        : `It is safe to send again: ${method} is idempotent`
    return `The request never reached the application. ${safe}.`
  }
  if (MAY_HAVE_REACHED.has(cause)) return 'The target had the request, and may have acted upon it before it failed.'
  return null
}

/** `4.999 s`: idle times are compared with each other. */
function milliseconds(ms: number): string {
  return ms >= 1_000 && ms < 60_000 ? `${(ms / 1_000).toFixed(3)} s` : formatDuration(ms)
}
