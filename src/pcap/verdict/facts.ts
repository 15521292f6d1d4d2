import type { Connection, StreamPlace } from '../tcp/connection.js'
import type { Exchange } from '../tcp/exchange.js'
import type { Close, Flow, Mark } from '../tcp/flow.js'

export type Side = 'client' | 'target'

/** How one side ended its part of a connection. */
export interface Closing {
  readonly fin: Close | null
  readonly rst: Close | null
}

/** What the packets of one connection say, without a judgement. Times in nanoseconds since the capture's base. */
export interface ConnectionFacts {
  /** By the order of their first packets in the capture; Wireshark's `tcp.stream` where that is one file. */
  readonly index: number
  /** Its streams, file by file. */
  readonly places: readonly StreamPlace[]
  /** The gateway's side: `ip:port`. */
  readonly client: string
  readonly target: string
  readonly firstNs: number
  readonly lastNs: number
  readonly packets: number
  readonly requests: number
  readonly syn: Mark | null
  readonly syns: number
  readonly synAnswer: Mark | null
  readonly closedFirst: Side | null
  readonly closing: Readonly<Record<Side, Closing>>
  /** Without payload before the first close, but what its sender had not received; null where nobody closed. */
  readonly idleNs: number | null
  readonly longestReuseNs: number
  /** The last request, and the one before it. */
  readonly exchange: Readonly<Exchange> | null
  readonly previous: Readonly<Exchange> | null
  readonly tls: { readonly isDone: boolean; readonly certificateRefused: boolean; readonly maybeTickets: number } | null
  readonly retransmissions: number
  readonly keepAliveProbes: number
}

/** A connection whose packets have come, as facts that keep nothing of its analysis. */
export function factsOf(connection: Connection): ConnectionFacts {
  connection.finish()
  const { index, places, endpoints, firstNs, lastNs, packets, requests, syn, syns, synAnswer, exchange, previous } =
    connection
  const client = connection.client ?? 0
  const flows = { client: connection.flows[client], target: connection.flows[1 - client] }
  const closedFirst = connection.closedFirst === null ? null : connection.closedFirst === client ? 'client' : 'target'
  const closing = { client: closingOf(flows.client), target: closingOf(flows.target) }
  const first = closedFirst === null ? null : firstClose(closing[closedFirst])
  return {
    index,
    places,
    client: endpoints[client],
    target: endpoints[1 - client],
    firstNs,
    lastNs,
    packets,
    requests,
    syn,
    syns,
    synAnswer,
    closedFirst,
    closing,
    idleNs: first === null ? null : first.timeNs - connection.activityNs,
    longestReuseNs: connection.longestReuseNs,
    exchange: detached(exchange),
    previous: detached(previous),
    tls: connection.handshake,
    retransmissions: flows.client.retransmissions + flows.target.retransmissions,
    keepAliveProbes: flows.client.keepAliveProbes + flows.target.keepAliveProbes,
  }
}

const closingOf = ({ fin, rst }: Flow): Closing => (fin === null && rst === null ? OPEN : { fin, rst })
const OPEN: Closing = { fin: null, rst: null }

const MAX_TEXT_LENGTH = 2_048

/** A text that was cut out of another one keeps it in memory. */
function detached(exchange: Exchange | null): Exchange | null {
  if (exchange === null) return null
  exchange.target = copyOf(exchange.target)
  exchange.pathStart = copyOf(exchange.pathStart)
  exchange.host = copyOf(exchange.host)
  const id = exchange.correlationId
  exchange.correlationId = id !== null && CORRELATION_ID.test(id) ? copyOf(id) : null
  return exchange
}

const CORRELATION_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

function copyOf(text: string | null): string | null {
  return text === null ? null : Buffer.from(text.slice(0, MAX_TEXT_LENGTH), 'latin1').toString('latin1')
}

/** The first close of a side; null where it did not close. */
export function firstClose({ fin, rst }: Closing): Close | null {
  if (fin === null || rst === null) return fin ?? rst
  return fin.number <= rst.number ? fin : rst
}
