import type { CorpusRun } from '../../support/truth.js'
import { type OracleEvent, type OracleLine, oracleLines } from './oracle.js'

/** A failure as the log itself shows it, found without joining anything but equal correlation ids. */
export interface ExpectedFailure {
  readonly correlationId: string | null
  readonly target: readonly OracleEvent[]
  readonly client: OracleEvent | null
  /** The info line that tells that the client had gone. */
  readonly hasAbortLine: boolean
}

const TARGET_MESSAGES = ['targetRequest error', 'targetResponse error', 'targetResponse aborted']

/** One for each correlation id that has a half, and one for each client half without an id. */
export function expectedFailures(run: CorpusRun): readonly ExpectedFailure[] {
  const events = oracleLines(run).flatMap((line: OracleLine) => (line.event === null ? [] : [line.event]))
  const withoutId = events.filter((event) => event.correlationId === null && isClientHalf(event))
  const failedIds = new Set(events.filter((event) => isTargetHalf(event) || isClientHalf(event)).map(idOf))
  failedIds.delete(null)
  const byId = new Map<string | null, OracleEvent[]>()
  for (const event of events) {
    if (failedIds.has(event.correlationId))
      byId.set(event.correlationId, [...(byId.get(event.correlationId) ?? []), event])
  }
  return [
    ...[...byId].map(([correlationId, ofRequest]) => failureOf(correlationId, ofRequest)),
    ...withoutId.map((client) => failureOf(null, [client])),
  ]
}

function isTargetHalf(event: OracleEvent): boolean {
  return event.component === 'plugins-middleware' && TARGET_MESSAGES.includes(event.message ?? '')
}

function isClientHalf(event: OracleEvent): boolean {
  return event.component === 'microgateway-core' && event.level === 'error' && event.status !== null
}

function idOf(event: OracleEvent): string | null {
  return event.correlationId
}

function failureOf(correlationId: string | null, events: readonly OracleEvent[]): ExpectedFailure {
  return {
    correlationId,
    target: events.filter(isTargetHalf),
    client: events.find(isClientHalf) ?? null,
    hasAbortLine: events.some((event) => event.status === 499 && event.component === 'plugins-middleware'),
  }
}

/** A reset before the response proves nothing more than these. */
const RESETS = ['keepalive_race', 'premature_close', 'undetermined']

const CAUSE_OF_CODE: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connect_refused',
  ETIMEDOUT: 'connect_timeout',
  EHOSTUNREACH: 'host_unreachable',
  ENOTFOUND: 'dns_notfound',
}

/** The causes that a right verdict may name, by the table of what the two halves prove (several: none is proven). */
export function provenCauses({ target, client, hasAbortLine }: ExpectedFailure): readonly string[] {
  if (hasAbortLine || client?.status === 499) return ['client_abort']
  if (target.some((half) => half.message !== 'targetRequest error')) return ['response_aborted']
  if (client?.status === 504) return ['target_timeout']
  const text = client?.errorMessage ?? target[0]?.errorMessage ?? ''
  const code = client?.errorCode ?? target[0]?.errorCode ?? null
  if (code === null) return ['rejected_by_gateway']
  if (CAUSE_OF_CODE[code] !== undefined) return [CAUSE_OF_CODE[code]]
  if (code.startsWith('HPE_')) return ['bad_response']
  if (code.includes('CERT')) return ['tls_certificate']
  return text.includes('before secure TLS connection') ? ['tls_aborted'] : RESETS
}
