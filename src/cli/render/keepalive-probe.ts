import { nameOf } from '../../keepalive/probe/failure.js'
import type { Sample } from '../../keepalive/probe/measure.js'
import type { ProbeInput } from '../../keepalive/probe/probe.js'
import { type ProbeSummary, summarize } from '../../keepalive/probe/summary.js'
import { saferTimeoutMs } from '../../keepalive/safer-timeout.js'
import { formatDuration } from '../terminal/numbers.js'
import type { Surface } from '../terminal/terminal.js'

type Asked = Pick<ProbeInput, 'target' | 'request' | 'times'>

/** The answer for people: what was measured, what the target announces, what to set. `samples` is not empty. */
export function renderProbe(asked: Asked, samples: readonly Sample[], { style }: Surface): string[] {
  const summary = summarize(samples)
  const name = style.bold(nameOf(asked.target))
  return [
    `${name} ${measuredSentence(summary, samples)}`,
    ...headerSentence(summary),
    ...(summary.status >= 400
      ? [`its answer was ${summary.status}: other paths may be kept in another way (--path)`]
      : []),
    ...adviceSentences(summary, asked),
  ]
}

function measuredSentence(summary: ProbeSummary, samples: readonly Sample[]): string {
  const { state, idleTimeoutMs, lowMs, highMs, openForMs, closedBy } = summary
  if (state === 'not_kept') return 'keeps no connection: it ends each one with its answer, so none is ever idle'
  if (state === 'open') return `had not closed the idle connection after ${formatDuration(openForMs ?? 0)}`
  const closed = samples.filter(({ outcome }) => outcome === 'closed').length
  const range = closed > 1 ? `${seconds(lowMs ?? 0)}–${seconds(highMs ?? 0)} s, ` : ''
  const connections = `${closed} of ${samples.length} ${samples.length === 1 ? 'connection' : 'connections'}`
  return `closes idle connections after ${seconds(idleTimeoutMs ?? 0)} s (${range}${connections}), ${WAYS[closedBy ?? 'fin']}`
}

const WAYS: Readonly<Record<'fin' | 'rst' | 'both', string>> = {
  fin: 'in order (FIN)',
  rst: 'by a reset (RST)',
  both: 'in order (FIN) and by resets (RST)',
}

/** What is no more than measuring and waking up cost. */
const TOLERANCE_MS = 250

function headerSentence({ header, differenceMs, state }: ProbeSummary): string[] {
  if (header === null) return state === 'not_kept' ? [] : ['it announces nothing (no Keep-Alive header)']
  const { timeoutMs, maxRequests } = header
  const announced = [
    ...(timeoutMs === null ? [] : [`timeout=${timeoutMs / 1_000}`]),
    ...(maxRequests === null ? [] : [`max=${maxRequests}`]),
  ].join(', ')
  return [`it announces Keep-Alive: ${announced}${differenceText(differenceMs)}`]
}

function differenceText(differenceMs: number | null): string {
  if (differenceMs === null) return ''
  if (Math.abs(differenceMs) <= TOLERANCE_MS) return ', and does so'
  const amount = formatDuration(Math.abs(differenceMs))
  return differenceMs > 0
    ? `, and closes ${amount} later`
    : `, but closes ${amount} sooner: whoever trusts it runs into a race`
}

function adviceSentences({ state, lowMs }: ProbeSummary, { target }: Asked): string[] {
  if (state === 'not_kept') return []
  if (state === 'open')
    return ['watch longer with --max-wait, or ask the owner of the target; the default of many balancers is 60 s']
  const saferMs = saferTimeoutMs(lowMs ?? 0)
  const safer = saferMs < 1_000 ? `${saferMs}ms` : `${saferMs / 1_000}s`
  return [
    'a gateway that reuses a connection in that moment gets ECONNRESET: raise the idle timeout of the target, or keep the',
    `gateway's below it: hangup keepalive plugin --for ${nameOf(target)}=${safer}`,
  ]
}

/** `5.003`: a second and its thousandths, for a time that others compare with. */
function seconds(durationMs: number): string {
  return (durationMs / 1_000).toFixed(3)
}

/** The same for scripts. */
export function probeJson({ target, request, times }: Asked, samples: readonly Sample[]): string {
  const { state, idleTimeoutMs, lowMs, highMs, closedBy, openForMs, header, differenceMs, status } = summarize(samples)
  return JSON.stringify({
    target: nameOf(target),
    tls: target.tls !== null,
    method: request.method,
    path: request.path,
    times,
    state,
    idle_timeout_ms: rounded(idleTimeoutMs),
    low_ms: rounded(lowMs),
    high_ms: rounded(highMs),
    spread_ms: lowMs === null || highMs === null ? null : rounded(highMs - lowMs),
    closed_by: closedBy,
    open_for_ms: rounded(openForMs),
    header: header === null ? null : { timeout_ms: header.timeoutMs, max: header.maxRequests },
    difference_ms: rounded(differenceMs),
    status,
    connections: samples.map((sample) => ({
      outcome: sample.outcome,
      idle_ms: rounded(sample.idleMs),
      closed_by: sample.closedBy,
      status: sample.status,
    })),
  })
}

/** Tenths of a millisecond. */
function rounded(value: number | null): number | null {
  return value === null ? null : Math.round(value * 10) / 10
}
