import { createHash } from 'node:crypto'
import { GATEWAY } from './requests.mjs'
import { isAmbiguous } from './traps.mjs'

const SAMPLE_OF_EACH_TRAP = 64
const PLAIN_SAMPLE = 1_000

/** What a generated file holds, counted as its lines are made and never read back from the text. */
export class Truth {
  #counts = { lines: 0, events: 0, plain: 0, stats: 0, bytes: 0, halves: 0, requests: 0 }
  #failures = new Map()
  #sample = []
  #sampledOfTrap = new Map()
  #sampledPlain = 0

  /** `sampleEvery`: one in so many events without a trap goes into the sample. */
  constructor(sampleEvery) {
    this.sampleEvery = sampleEvery
  }

  observe({ kind, request, record }, timestamp, lineBytes) {
    this.#counts.lines += 1
    this.#counts.bytes += lineBytes
    if (kind === 'plain') this.#counts.plain += 1
    if (kind === 'stats') this.#counts.stats += 1
    if (kind !== 'event') return
    this.#counts.events += 1
    if (record.message === 'targetRequest') this.#counts.requests += 1
    if (record.level !== 'info') this.#observeHalf(request, record)
    if (this.#belongsToSample(request)) this.#sample.push(expectedFields(request, record, timestamp))
  }

  /** The object that stands in `*.truth.json`. */
  summary() {
    const failures = [...this.#failures.values()]
    const pairs = this.pairs()
    return {
      ...this.#counts,
      requests: this.#counts.requests || null,
      failures: failures.length,
      joined_pairs: pairs.length,
      target_half_only: failures.filter(({ client }) => client === null).length,
      client_half_only: failures.filter(({ target }) => target === null).length,
      by_code: tally(failures, code),
      by_target: tally(failures, ({ target }) => target ?? 'none'),
      client_half_only_by_target: tally(
        failures.filter(({ target }) => target === null),
        ({ meantFor }) => meantFor ?? 'none',
      ),
      pairs_sha256: createHash('sha256').update(pairs.join('\n')).digest('hex'),
      sample: this.#sample,
    }
  }

  /** `correlation id, target, status, code` of each joined pair, tab separated, sorted. */
  pairs() {
    return [...this.#failures.values()]
      .filter(({ target, client }) => target !== null && client !== null)
      .map((failure) => [failure.id, failure.target, failure.client.status, code(failure)].join('\t'))
      .sort()
  }

  #observeHalf(request, record) {
    this.#counts.halves += 1
    const id = request.correlationId || `line ${this.#counts.lines}`
    const failure = this.#failures.get(id) ?? {
      id,
      target: null,
      targetCode: '',
      client: null,
      meantFor: request.target,
    }
    this.#failures.set(id, failure)
    if (record.component === 'microgateway-core') {
      failure.client = { status: record.status, code: record.errorCode ?? '' }
    } else {
      failure.target ??= record.host
      failure.targetCode ||= record.errorCode ?? ''
    }
  }

  #belongsToSample({ trap, correlationId }) {
    if (correlationId === '') return false
    if (trap !== null) {
      const sampled = (this.#sampledOfTrap.get(trap) ?? 0) + 1
      this.#sampledOfTrap.set(trap, sampled)
      return sampled <= SAMPLE_OF_EACH_TRAP
    }
    if (this.#counts.events % this.sampleEvery !== 0 || this.#sampledPlain >= PLAIN_SAMPLE) return false
    this.#sampledPlain += 1
    return true
  }
}

/** What the client got, where its half is there: a gateway timeout has no code, though its target half says ECONNRESET. */
function code({ client, targetCode }) {
  return (client === undefined || client === null ? targetCode : client.code) || 'none'
}

/** The sixteen fields and the timestamp as text, empty where empty; `ambiguous`: url, address and key are not checked. */
function expectedFields(request, record, timestamp) {
  return {
    ...{ trap: request.trap, ambiguous: isAmbiguous(request) },
    fields: {
      ...{ timestamp, level: record.level, host: record.host, pid: String(request.workerId) },
      ...{ org: GATEWAY.org, env: GATEWAY.env, url: request.url, clientIp: request.clientIp },
      ...{ clientId: request.clientId, correlationId: request.correlationId, component: record.component },
      ...{ message: record.message ?? '', method: request.method, status: String(record.status ?? '') },
      ...{ errorMessage: record.errorMessage ?? '', errorCode: record.errorCode ?? '' },
      timeTakenMs: String(record.timeTakenMs || ''),
    },
  }
}

function tally(items, keyOf) {
  const counts = {}
  for (const item of items) counts[keyOf(item)] = (counts[keyOf(item)] ?? 0) + 1
  return Object.fromEntries(Object.entries(counts).sort(([, one], [, other]) => other - one))
}
