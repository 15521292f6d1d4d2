import { createHash } from 'node:crypto'
import { CAUSES, type Cause } from '../../../records.js'

/** Counts of one minute and one (org, env, proxy, target), as `<prefix>-frequency` holds them in Elasticsearch. */
export interface FrequencyDocument {
  readonly '@timestamp': string
  readonly event: { readonly dataset: 'edgemicro.frequency'; readonly id: string }
  readonly edgemicro: {
    readonly org: string | null
    readonly env: string | null
    readonly proxy: string | null
    readonly target: string | null
    /** Null where no requests were counted. */
    readonly requests: number | null
    readonly failures: number
    /** Failures with code ECONNRESET. */
    readonly resets: number
    /** Share of one; null where `requests` is no denominator: see `covered`. */
    readonly failure_ratio: number | null
    readonly reset_ratio: number | null
    /** False where a gateway had failures whose requests were not counted, so that the ratio would be too high. */
    readonly covered: boolean
    /** Failures by cause; those without any are left out. */
    readonly causes: Readonly<Partial<Record<Cause, number>>>
    /** Failures by code; `none` for an empty one, `other` for what is no name of an error. */
    readonly codes: Readonly<Record<string, number>>
  }
}

/** Start of a minute and the values of a group; null: not in the log. */
export interface Group {
  readonly minuteMs: number
  readonly org: string | null
  readonly env: string | null
  readonly proxy: string | null
  readonly target: string | null
}

/** Failures of one gateway, cause and code in a group. */
export interface FailureCount extends Group {
  readonly gateway: string | null
  readonly cause: string | null
  readonly code: string | null
  readonly failures: number
}

/** Requests of one gateway in a group. */
export interface RequestCount extends Group {
  readonly gateway: string | null
  readonly requests: number
}

/**
 * The documents of all groups that were counted, in no order of their own: they depend on what was counted, never on the
 * order of the counts. A group without failures has a document too: its requests are part of every rate over time.
 */
export function frequencyDocuments(
  failures: readonly FailureCount[],
  requests: readonly RequestCount[],
): readonly FrequencyDocument[] {
  const sums = new Map<string, Sum>()
  for (const count of failures) {
    const sum = sumOf(sums, count)
    sum.failures += count.failures
    if (count.code === RESET) sum.resets += count.failures
    add(sum.causes, causeOf(count.cause), count.failures)
    add(sum.codes, codeOf(count.code), count.failures)
    if (count.failures > 0) sum.failing.add(count.gateway)
  }
  for (const count of requests) {
    const sum = sumOf(sums, count)
    sum.requests = (sum.requests ?? 0) + count.requests
    sum.counted.add(count.gateway)
  }
  return [...sums].map(([key, sum]) => documentOf(idOf(key), sum))
}

const RESET = 'ECONNRESET'

interface Sum {
  readonly group: Group
  requests: number | null
  failures: number
  resets: number
  readonly causes: Map<Cause, number>
  readonly codes: Map<string, number>
  /** Gateways with failures, and those whose requests were counted. */
  readonly failing: Set<string | null>
  readonly counted: Set<string | null>
}

function sumOf(sums: Map<string, Sum>, group: Group): Sum {
  const { minuteMs, org, env, proxy, target } = group
  // As JSON, because a text in it cannot end another.
  const key = JSON.stringify([minuteMs, org, env, proxy, target])
  const present = sums.get(key)
  if (present !== undefined) return present
  const made: Sum = {
    group,
    requests: null,
    failures: 0,
    resets: 0,
    causes: new Map(),
    codes: new Map(),
    failing: new Set(),
    counted: new Set(),
  }
  sums.set(key, made)
  return made
}

function documentOf(id: string, sum: Sum): FrequencyDocument {
  const { group, requests, failures, resets } = sum
  const covered = [...sum.failing].every((gateway) => sum.counted.has(gateway))
  const isDenominator =
    covered &&
    group.target !== null &&
    group.proxy !== null &&
    requests !== null &&
    requests > 0 &&
    failures <= requests
  return {
    '@timestamp': new Date(group.minuteMs).toISOString(),
    event: { dataset: 'edgemicro.frequency', id },
    edgemicro: {
      org: group.org,
      env: group.env,
      proxy: group.proxy,
      target: group.target,
      requests,
      failures,
      resets,
      failure_ratio: isDenominator ? failures / requests : null,
      reset_ratio: isDenominator ? resets / requests : null,
      covered,
      causes: sorted(sum.causes),
      codes: sorted(sum.codes),
    },
  }
}

/** The same group has the same id, whoever counts it. */
function idOf(key: string): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 32)
}

function causeOf(cause: string | null): Cause {
  return CAUSES.find((known) => known === cause) ?? 'undetermined'
}

/** What a log calls a code becomes the name of a field: only what looks like one. */
function codeOf(code: string | null): string {
  if (code === null || code === '') return 'none'
  return /^[A-Z][A-Z0-9_]{0,63}$/.test(code) ? code : 'other'
}

function add<Key>(counts: Map<Key, number>, key: Key, count: number): void {
  counts.set(key, (counts.get(key) ?? 0) + count)
}

function sorted<Key extends string>(counts: ReadonlyMap<Key, number>): Readonly<Record<Key, number>> {
  return Object.fromEntries([...counts].sort(([one], [other]) => (one < other ? -1 : 1))) as Record<Key, number>
}
