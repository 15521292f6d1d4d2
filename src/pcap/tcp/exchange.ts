import type { Mark } from './flow.js'

/** A request to the target and its response, as far as they have come. */
export class Exchange {
  /** The first packet of the request, and the last one so far. */
  readonly requestFirst: Mark
  requestLast: Mark
  /** Sequence number of the request's first byte. */
  readonly requestSequence: number
  /** True: to its last byte. False: not yet. Null: nothing tells (TLS, or cut by the capture). */
  requestComplete: boolean | null = false
  method: string | null = null
  /** As sent, with its query. */
  target: string | null = null
  /** The first characters of its path, where the capture cuts it. */
  pathStart: string | null = null
  /** Of the field `Host`. */
  host: string | null = null
  /** The gateway's, where the request names it. */
  correlationId: string | null = null
  /** The first packet by which the target's side acknowledged some of the request. */
  requestReceived: Mark | null = null
  /** Nothing had been sent for so long when the request came. */
  readonly idleNs: number

  responseFirst: Mark | null = null
  responseLast: Mark | null = null
  responseComplete: boolean | null = false
  status: number | null = null
  /** Either side said that the connection ends with this exchange. */
  announcesClose = false
  /** The response has no other end than that of the connection. */
  endsWithConnection = false
  /** The answer is not HTTP. */
  isForeign = false

  constructor(first: Mark, sequence: number, idleNs: number) {
    this.requestFirst = first
    this.requestLast = first
    this.requestSequence = sequence
    this.idleNs = idleNs
  }
}
