import type { Cause } from '../../../records.js'
import type { Case } from '../../verdicts.js'
import { type Reading, readBuckets, sumOf } from './read.js'

/**
 * Minutes in which the frequency documents of a target do not count the causes that its failures have: those whose verdicts were
 * revised, by us or by an instance that died before it counted them.
 */
export async function staleMinutes(
  reading: Pick<Reading, 'elasticsearch' | 'prefix'>,
  { target, fromMs, untilMs }: Case,
  causes: readonly Cause[],
): Promise<readonly number[]> {
  const query = {
    bool: {
      filter: [
        { term: { 'edgemicro.target': target } },
        { range: { '@timestamp': { gte: fromMs, lt: untilMs, format: 'epoch_millis' } } },
      ],
    },
  }
  const most = Number.POSITIVE_INFINITY
  const fields = { cause: 'edgemicro.cause' }
  const failures = await readBuckets(reading, { kind: 'failures', query, fields, measures: {}, most })
  const measures = Object.fromEntries(causes.map((cause) => [cause, { sum: { field: `edgemicro.causes.${cause}` } }]))
  const counts = await readBuckets(reading, { kind: 'frequency', query, fields: {}, measures, most })

  const missing = new Map<string, number>()
  const add = (minute: string, cause: string, count: number): void => {
    const name = `${minute} ${cause}`
    missing.set(name, (missing.get(name) ?? 0) + count)
  }
  // Not of a minute whose failures the lifecycle has deleted: its counts stay.
  const minutes = new Set<string>()
  for (const { key, doc_count } of failures ?? []) {
    const cause = causes.find((each) => each === key.cause)
    if (cause === undefined) continue
    minutes.add(String(key.minute))
    add(String(key.minute), cause, doc_count)
  }
  for (const bucket of counts ?? []) {
    const minute = String(bucket.key.minute)
    if (minutes.has(minute)) for (const cause of causes) add(minute, cause, -sumOf(bucket, cause))
  }
  const stale = [...missing].filter(([, count]) => count !== 0).map(([name]) => Number(name.split(' ')[0]))
  return [...new Set(stale)]
}
