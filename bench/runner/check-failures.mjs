import fs from 'node:fs'
import { forEachLine } from './ndjson.mjs'

/** Checks the joined pairs of a peer: the set of (correlation id, target, status, code). Returns what is wrong. */
export function checkPairs({ output, pairsFile }) {
  return compare(output, pairsFile, (record) => [
    ...[record.correlationId, record.target, record.status],
    record.code || 'none',
  ])
}

/** The same for our failure documents, and that those with one half are as many as there are. */
export function checkDocuments({ output, pairsFile, truth }) {
  const halves = { both: 0, target: 0, client: 0 }
  const faults = compare(output, pairsFile, ({ http, edgemicro, error }) => {
    halves[edgemicro.halves] += 1
    if (edgemicro.halves !== 'both') return null
    return [http.request.id, edgemicro.target, http.response.status_code, error.code || 'none']
  })
  const wanted = { target: truth.target_half_only, client: truth.client_half_only }
  for (const [name, count] of Object.entries(wanted)) {
    if (halves[name] !== count) faults.push(`${halves[name]} failures with a ${name} half alone instead of ${count}`)
  }
  return faults
}

/** A filter is no answer: says how many lines it lets through beyond the halves. */
export function checkFilter({ output, truth }) {
  const lines = forEachLine(output, () => {})
  if (lines < truth.halves) return [`${truth.halves - lines} warn and error lines missing`]
  return { note: `no answer: lines only, ${lines - truth.halves} of them neither warn nor error` }
}

function compare(output, pairsFile, pairOf) {
  const missing = new Set(fs.readFileSync(pairsFile, 'utf8').split('\n'))
  let [extra, broken] = [0, 0]
  forEachLine(output, (line) => {
    let pair
    try {
      pair = pairOf(JSON.parse(line))
    } catch {
      broken += 1
      return
    }
    if (pair !== null && !missing.delete(pair.join('\t'))) extra += 1
  })
  const counts = { 'pairs missing': missing.size, 'pairs too many or wrong': extra, 'records not readable': broken }
  return Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([what, count]) => `${count} ${what}`)
}
