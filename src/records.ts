/**
 * The records that travel from step to step, in the order of the path: blocks of lines, entries, halves, failures,
 * documents. Nothing here has behaviour; every other folder may import this one and this one imports none.
 */

/** One stream of lines in order: a file, standard input, a topic partition. */
export interface LineSource {
  /** As the user knows it (`/var/tmp/edgemicro-….log`, `-`); goes into positions and documents. */
  readonly path: string
  /**
   * Names the partition. Sources that continue each other (the rotations of one gateway process) share it: pairs are
   * joined across them, workers keep their event time, traffic is counted for it.
   */
  readonly partition: string
  /** Host name of the gateway, where the file's name or an envelope tells. */
  readonly gateway: string | null
  /** True where the gateway process began with this source (`…-1-api.log`), so that all of its counters are in it. */
  readonly isFirst?: boolean
  /** True where it came by our own agent: all lines of a worker come, in the order in which it wrote them. */
  readonly isWhole?: boolean
}

/**
 * Whole lines of one source. Only the last line of a source may lack its `\n`. `bytes` belongs to the source and is
 * valid until the next block is pulled: copy what must live longer.
 */
export interface LineBlock {
  readonly source: LineSource
  readonly bytes: Uint8Array
  /** Byte offset of `bytes[0]` in the (decompressed) source. */
  readonly offset: number
  /** True where the source ends behind this block (never for a file that is being followed). */
  readonly last: boolean
  /**
   * Offset of the line at `bytes[index]`, where lines that follow each other here do not in the source, or where it has no
   * byte offsets. Without it: `offset + index`.
   */
  readonly offsetAt?: (index: number) => number
  /** The message that brought the line at `bytes[index]`, where the block came out of a topic. */
  readonly messageAt?: (index: number) => MessagePosition
}

export interface Position {
  readonly source: string
  readonly offset: number
}

/** A message's place in Kafka. */
export interface MessagePosition {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

/** The fields of an event, in the order in which the gateway writes them (microgateway-core, lib/logging.js). */
export const EVENT_FIELDS = [
  'timestamp',
  'level',
  'host',
  'pid',
  'org',
  'env',
  'url',
  'clientIp',
  'clientId',
  'correlationId',
  'component',
  'message',
  'method',
  'status',
  'errorMessage',
  'errorCode',
  'timeTakenMs',
] as const

export type EventField = (typeof EVENT_FIELDS)[number]

/** Why a line could not be used. Closed: metrics and dead letters are counted by it. */
export type RejectionReason =
  | 'too_long'
  | 'bad_timestamp'
  | 'bad_level'
  | 'missing_fields'
  | 'bad_field'
  | 'ambiguous'
  | 'unterminated'
  | 'no_record'
  | 'control_bytes'
  | 'bad_envelope'

export interface EventEntry {
  readonly kind: 'event'
  readonly timestamp: string
  readonly level: string
  readonly host: string | null
  readonly pid: string | null
  readonly org: string | null
  readonly env: string | null
  readonly url: string | null
  readonly clientIp: string | null
  readonly clientId: string | null
  readonly correlationId: string | null
  readonly component: string | null
  readonly message: string | null
  readonly method: string | null
  readonly status: number | null
  readonly errorMessage: string | null
  readonly errorCode: string | null
  readonly timeTakenMs: number | null
  readonly continuation: string | null
  readonly position: Position
  /** Fields whose bounds an attacker's text left open; they hold the shortest reading. Absent where all are certain. */
  readonly uncertain?: readonly EventField[]
}

export interface PlainEntry {
  readonly kind: 'plain'
  readonly timestamp: string
  readonly level: string | null
  readonly pid: string | null
  readonly text: string
  readonly continuation: string | null
  readonly position: Position
}

export interface StatsEntry {
  readonly kind: 'stats'
  readonly timestamp: string
  readonly pid: string
  /** Numbers as written; `statusCodes` is spread as `statusCodes.2`. */
  readonly counters: Readonly<Record<string, number>>
  readonly continuation: string | null
  readonly position: Position
}

export interface RejectedEntry {
  readonly kind: 'rejected'
  readonly reason: RejectionReason
  readonly text: string
  readonly position: Position
}

export type Entry = EventEntry | PlainEntry | StatsEntry | RejectedEntry

/** A rejected line as a dead letter. What is behind `position` is not in letters of older versions. */
export interface RejectedLetter extends RejectedEntry {
  readonly position: LetterPosition
  /** Host name of the gateway; null where nothing told it. */
  readonly gateway?: string | null
  /** The text is the begin of the line only. */
  readonly cut?: true
}

/** Where a line stood: in its file, where that is known, else as `TOPIC/PARTITION` and the offset of its message. */
export interface LetterPosition extends Position {
  /** The message that brought it; absent where it did not come through Kafka. */
  readonly kafka?: MessagePosition
}

/** A document that a store will never take, as a dead letter. Its texts are redacted already. */
export interface RefusedEntry {
  readonly kind: 'refused'
  /** The kind of sink that refused it. */
  readonly sink: string
  readonly status: number
  /** In the store's words. */
  readonly reason: string
  /** Null where it was larger than what the topic of the letters takes. */
  readonly document: IndexDocument | null
  /** The line that the document is named after; null for traffic, which stands for many. */
  readonly position: Position | null
  /** The letter does not hold all that was to be said. */
  readonly cut?: true
}

export type DeadLetter = RejectedLetter | RefusedEntry

/** What became of every line that was read: `lines` is the sum of the other five. */
export interface Ledger {
  lines: number
  events: number
  plain: number
  stats: number
  continuations: number
  rejections: number
}

/** Which record of the gateway a half is. */
export type HalfRole = 'request_error' | 'response_error' | 'response_aborted' | 'client'

/** What one line says of a failed request. Texts are redacted. */
export interface Half {
  readonly role: HalfRole
  readonly timeMs: number
  readonly level: string
  /** Target host:port for a target half, the client's Host header for a client half. */
  readonly host: string | null
  readonly status: number | null
  readonly errorMessage: string | null
  readonly errorCode: string | null
  readonly elapsedMs: number | null
  /** The connection that the request took, as far as the lines before it tell; of target halves only. */
  readonly connection: Connection
  readonly position: Position
}

/** A connection to a target: reused, opened for the request, or unknown. */
export type Connection = Reuse | 'new' | null

/**
 * A connection that was idle for `idle_ms` before a request took it. Besides, of the window of five minutes of its reset and the
 * one before, until then: the requests of the same gateway, target and API on reused connections that ended well, those of
 * them whose connection had been idle for as long within 7 % and within 1 %, and the earlier resets within 7 %.
 */
export interface Reuse {
  readonly idle_ms: number
  readonly reuses: number
  readonly reuses_near: number
  readonly reuses_same: number
  readonly resets_near: number
}

/** What all lines of one request share. Texts are redacted. */
export interface RequestFacts {
  readonly correlationId: string | null
  readonly org: string | null
  readonly env: string | null
  readonly method: string | null
  /** Path with its leading `/`, without query and fragment. */
  readonly path: string | null
  /** Masked query (`a=***&b=***`); null where it is dropped. */
  readonly query: string | null
  readonly clientIp: string | null
  readonly clientKey: string | null
  readonly worker: string | null
  readonly gateway: string | null
  /** Base path without its leading `/`. */
  readonly proxy: string | null
  /** Where the request would have gone, from its proxy's other requests; used where no target half says it. */
  readonly inferredTarget?: string | null
}

/** One failed request: its halves joined by correlation id, or one half alone. */
export interface Failure {
  /** Deterministic: the correlation id, or a digest of the line where there is none. */
  readonly id: string
  readonly request: RequestFacts
  /** In the order of their roles; at most one for each role. */
  readonly target: readonly Half[]
  readonly client: Half | null
  /** Milliseconds after which the client had gone (the gateway's 499 line), where it went. */
  readonly clientAbortedAfterMs: number | null
}

export const CAUSES = [
  'keepalive_race',
  'premature_close',
  'response_aborted',
  'target_timeout',
  'connect_refused',
  'connect_timeout',
  'host_unreachable',
  'dns_notfound',
  'tls_aborted',
  'tls_certificate',
  'bad_response',
  'client_abort',
  'rejected_by_gateway',
  'target_status',
  'undetermined',
] as const

export type Cause = (typeof CAUSES)[number]

export interface Verdict {
  readonly cause: Cause
  /** 0 … 1: the share of such verdicts that are right. */
  readonly confidence: number
  /** Numbers only; null where the log does not tell. */
  readonly evidence: Readonly<Record<string, number | null>>
}

export type TargetSource = 'log' | 'inferred' | 'unknown'

/** A half as it stands in a document, so that halves which come hours apart can be merged in the store. */
export interface HalfDocument {
  readonly role: HalfRole
  readonly timestamp: string
  readonly level: string
  readonly host: string | null
  readonly status_code: number | null
  readonly error_code: string | null
  readonly error_message: string | null
  readonly elapsed_ms: number | null
  /** Not in documents of older versions; an opened connection is `{"reused":0}`. */
  readonly connection?: ({ readonly reused: 1 } & Reuse) | { readonly reused: 0 } | null
  readonly path: string
  readonly offset: number
}

/** The failure document of contract.md; field names are ECS, our own stand under `edgemicro`. */
export interface FailureDocument {
  readonly '@timestamp': string
  readonly event: {
    readonly kind: 'event'
    readonly category: readonly ['web']
    readonly type: readonly ['error']
    readonly outcome: 'failure'
    readonly dataset: 'edgemicro.failure'
    /** Nanoseconds (ECS). */
    readonly duration: number | null
  }
  readonly http: {
    readonly request: { readonly id: string | null; readonly method: string | null }
    readonly response: { readonly status_code: number | null }
  }
  readonly url: { readonly path: string | null; readonly query?: string }
  readonly error: { readonly code: string | null; readonly message: string | null }
  readonly server: { readonly address: string | null; readonly port: number | null }
  readonly client: { readonly ip: string | null }
  readonly edgemicro: {
    readonly target: string | null
    readonly target_source: TargetSource
    readonly proxy: string | null
    readonly org: string | null
    readonly env: string | null
    readonly gateway: string | null
    readonly worker: string | null
    readonly halves: 'both' | 'target' | 'client'
    readonly phase: 'request' | 'response' | null
    readonly cause: Cause
    readonly confidence: number
    readonly evidence: Readonly<Record<string, number | null>>
    readonly client_key: string | null
    /** For stores, which merge halves that come apart; `failures` prints neither of these two. */
    readonly target_halves: readonly HalfDocument[]
    readonly client_half: HalfDocument | null
  }
  readonly log: {
    readonly level: string
    readonly file: { readonly path: string }
    readonly offset: number
  }
}

export type TrafficBasis = 'lines' | 'stats'

/** Requests of one minute and one set of dimensions in one partition. Values are absolute: writing twice changes nothing. */
export interface TrafficDocument {
  readonly '@timestamp': string
  readonly event: { readonly dataset: 'edgemicro.traffic' }
  readonly edgemicro: {
    readonly target: string | null
    readonly proxy: string | null
    readonly org: string | null
    readonly env: string | null
    readonly gateway: string | null
    readonly partition: string
    readonly requests: number
    readonly responses: number
    readonly basis: TrafficBasis
  }
}

/** How a running processor fares; about one a minute. A matter of processing time: no part of what a replay gives again. */
export interface ShipperDocument {
  readonly '@timestamp': string
  readonly event: { readonly dataset: 'edgemicro.shipper' }
  readonly agent: { readonly type: 'hangup'; readonly name: string; readonly id: string; readonly version: string }
  readonly edgemicro: {
    readonly shipper: {
      readonly pipeline: string
      /** Since the last such document of this process. */
      readonly lines: number
      readonly events: number
      readonly rejections: number
      /** Failures given out, and those of them with one half alone. */
      readonly failures: number
      readonly orphans: number
      readonly evicted: number
      readonly late: number
      /** Documents that were refused by the store and are dead letters. */
      readonly refused: number
      readonly retries: number
      /** Documents that wait to be stored, now. */
      readonly unsent: number
      /** Processing time less the event time that everything read has reached, now; null before the first line. */
      readonly lag_ms: number | null
    }
  }
}

/** What a sink stores. Writing the same id again merges (failure) or overwrites (traffic). */
export type IndexDocument =
  | { readonly kind: 'failure'; readonly id: string; readonly document: FailureDocument }
  | { readonly kind: 'traffic'; readonly id: string; readonly document: TrafficDocument }
