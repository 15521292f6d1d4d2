import type { Cause } from '../../records.js'
import type { Finding, PathOf } from '../findings.js'
import { firstClose } from '../verdict/facts.js'

/** A request in a capture that failed, or may have. Times in milliseconds since the epoch, on the capture's clock. */
export interface WireRequest {
  readonly finding: Finding
  readonly correlationId: string | null
  readonly method: string | null
  readonly path: string | null
  /** The first characters of a path that the capture cuts. */
  readonly pathStart: string | null
  /** Its first packet; null where it has none. */
  readonly startMs: number | null
  /** What the gateway had seen when it gave the request up; null where the capture does not hold it. */
  readonly endMs: number | null
  /** It was under way when the capture ended, at `captureEndMs`. */
  readonly isOpen: boolean
  readonly captureEndMs: number
  readonly idleMs: number | null
  readonly isReused: boolean
  readonly isConnecting: boolean
  /** The gateway found the connection closed before it wrote: no packet of it. */
  readonly isUnseen: boolean
}

const NS_PER_MS = 1_000_000
const CONNECTING = new Set<Cause | 'none'>(['connect_refused', 'connect_timeout'])

export interface WireContext {
  readonly pathOf: PathOf
  readonly captureEndMs: number
}

/** The one request of a connection that can have failed, for a failure ends it; null where none can. */
export function wireRequestOf(finding: Finding, { pathOf, captureEndMs }: WireContext): WireRequest | null {
  const { facts, verdict } = finding
  const { exchange, closedFirst, closing } = facts
  const ms = (timeNs: number): number => finding.baseSeconds * 1_000 + timeNs / NS_PER_MS
  const isConnecting = CONNECTING.has(verdict.cause) || (exchange === null && facts.synAnswer === null)
  const isUnseen = verdict.cause === 'none' && verdict.unseenRequestCause !== null
  const isPending = exchange !== null && exchange.responseComplete !== true && !isUnseen
  if (verdict.cause === 'none' && !isUnseen && !isPending && !isConnecting) return null
  const close = isUnseen
    ? (firstClose(closing.client) ?? firstClose(closing.target))
    : closedFirst === null
      ? null
      : firstClose(closing[closedFirst])
  const start = isUnseen ? null : (exchange?.requestFirst ?? facts.syn ?? { timeNs: facts.firstNs })
  const endNs = close === null ? null : Math.max(close.timeNs, start?.timeNs ?? 0)
  const idleNs = isUnseen && endNs !== null && exchange !== null ? endNs - lastUse(finding) : (exchange?.idleNs ?? null)
  const asked = isUnseen ? null : exchange
  return {
    finding,
    correlationId: asked?.correlationId ?? null,
    method: asked?.method ?? null,
    path: asked === null || asked.target === null ? null : pathOnly(asked.target, pathOf),
    pathStart: asked?.pathStart ?? null,
    startMs: start === null ? null : ms(start.timeNs),
    endMs: endNs === null ? null : ms(endNs),
    isOpen: endNs === null && !isConnecting,
    captureEndMs,
    idleMs: idleNs === null ? null : idleNs / NS_PER_MS,
    isReused: isUnseen ? exchange !== null : facts.previous !== null || facts.syn === null,
    isConnecting,
    isUnseen,
  }
}

function lastUse({ facts: { exchange, firstNs } }: Finding): number {
  return (exchange?.responseLast ?? exchange?.requestLast)?.timeNs ?? firstNs
}

function pathOnly(requestTarget: string, pathOf: PathOf): string | null {
  const path = pathOf(requestTarget)?.replace(/\?.*/s, '') ?? null
  return path?.includes('***') ? null : path
}
