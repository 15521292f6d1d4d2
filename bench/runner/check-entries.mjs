import { forEachLine } from './ndjson.mjs'

const CORRELATION_ID = /"correlationId": ?"([0-9a-f-]{36})"/
const ALWAYS_PARSED_EVERY = 1_000
const OPEN_WHERE_AMBIGUOUS = new Set(['url', 'clientIp', 'clientId'])
const HASHED_KEY = /^key:[0-9a-f]{16}$/

/**
 * Checks a parse against the truth: the number of records, and each field of the sampled lines. Returns what is wrong
 * as a list of sentences, empty where the answer is right. `form`: `events` (peers: events alone), `entries` (ours,
 * as written) or `redacted` (ours by default).
 */
export function checkEntries({ output, truth, form }) {
  const expected = new Map(truth.sample.map((sample) => [keyOf(sample.fields), sample]))
  const sampledIds = new Set(truth.sample.map(({ fields }) => fields.correlationId))
  const kinds = { event: 0, plain: 0, stats: 0, rejected: 0 }
  const faults = new Faults()
  let records = 0
  forEachLine(output, (line) => {
    records += 1
    if (form === 'events') kinds.event += 1
    else kinds[/"kind": ?"(\w+)"/.exec(line)?.[1]] += 1
    const id = CORRELATION_ID.exec(line)?.[1]
    if (!sampledIds.has(id) && records % ALWAYS_PARSED_EVERY !== 0) return
    const record = parseRecord(line)
    if (record === null) return faults.add('not JSON')
    const sample = expected.get(keyOf(record))
    if (sample === undefined || !expected.delete(keyOf(record))) return
    const wrong = wrongFields(sample, record, form)
    if (form === 'redacted' && showsKey(sample, record)) faults.add('API key in clear', sample.trap)
    if (wrong.length > 0) faults.add(`${wrong.join(', ')} wrong`, sample.trap)
  })
  for (const { trap } of expected.values()) faults.add('not found', trap)
  return [...countFaults(kinds, truth, form), ...faults.sentences(truth.sample.length)]
}

function keyOf({ correlationId, component, message }) {
  return `${correlationId} ${component} ${message ?? ''}`
}

function parseRecord(line) {
  try {
    return JSON.parse(line)
  } catch {
    return null
  }
}

function wrongFields({ fields, ambiguous }, record, form) {
  return Object.keys(fields).filter((name) => {
    if (ambiguous && OPEN_WHERE_AMBIGUOUS.has(name)) return false
    const value = String(record[name] ?? '')
    if (form === 'redacted' && name === 'clientId') return fields[name] === '' ? value !== '' : !HASHED_KEY.test(value)
    if (form === 'redacted' && name === 'url') return value !== fields[name].split('?')[0]
    return value !== fields[name]
  })
}

/** Also where the bounds of the key are open: the whole key must not stand in any field. */
function showsKey({ fields }, record) {
  return fields.clientId !== '' && Object.values(record).some((value) => String(value).includes(fields.clientId))
}

function countFaults(kinds, truth, form) {
  const wanted = { event: truth.events }
  if (form !== 'events') Object.assign(wanted, { plain: truth.plain, stats: truth.stats, rejected: 0 })
  return Object.entries(wanted)
    .filter(([kind, count]) => kinds[kind] !== count)
    .map(([kind, count]) => `${kinds[kind]} ${kind} records instead of ${count}`)
}

/** Counts faults by what they are, with the traps that they fell into. */
class Faults {
  #counts = new Map()

  add(what, trap = null) {
    const fault = this.#counts.get(what) ?? { count: 0, traps: new Set() }
    fault.count += 1
    if (trap !== null) fault.traps.add(trap)
    this.#counts.set(what, fault)
  }

  sentences(sampled) {
    return [...this.#counts].map(([what, { count, traps }]) => {
      const where = traps.size === 0 ? '' : ` (${[...traps].join(', ')})`
      return `${what} in ${count} of ${sampled} sampled lines${where}`
    })
  }
}
