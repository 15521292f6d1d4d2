import type { JudgedFailure } from '../../judged-failure.js'
import type { Case, Pass, Verdicts } from '../verdicts.js'
import type { Operation } from './bulk.js'
import type { Elasticsearch } from './connection.js'
import { indexOfDay } from './documents.js'
import { refresh } from './frequency/read.js'
import { type Hit, PointInTime } from './point-in-time.js'
import type { Writer } from './writer.js'

export interface ReviseOptions {
  readonly elasticsearch: Elasticsearch
  readonly prefix: string
  readonly writer: Writer
  readonly verdicts: Verdicts
}

/**
 * Judges a case again and writes the verdicts that differ, each on condition that its failure is as it was read. Reads the case
 * twice, so that memory is bounded by what the judge keeps.
 *
 * Any number of instances may do so at the same time, and no older verdict stays, for the reason that `FrequencyRollup` gives:
 * whoever stores a failure marks its case, and ends with a pass that has nothing to write. Of all those passes, the one whose
 * refresh began last saw all failures, judged them by the truth, and found these verdicts. A merge of halves that brings an
 * older verdict back was stored before the case was marked by who merged.
 */
export async function reviseVerdicts(options: ReviseOptions, open: Case): Promise<Pass> {
  const { elasticsearch, prefix, verdicts } = options
  await refresh({ elasticsearch, prefix })
  const pit = await PointInTime.open(elasticsearch, indicesOf(prefix, open))
  try {
    const judge = verdicts.newJudge()
    let result: Pass = 'empty'
    for await (const hits of pit.read<JudgedFailure>(searchOf(open, open.sinceMs, verdicts))) {
      for (const { _source } of hits) judge.add(_source)
      result = 'right'
    }
    if (result === 'empty') return result
    for await (const hits of pit.read<JudgedFailure>(searchOf(open, open.fromMs, verdicts))) {
      const revised = hits.map((hit) => ({ hit, judged: judge.judged(hit._source) }))
      const written = await write(
        revised.filter(({ hit, judged }) => judged !== hit._source),
        options,
      )
      if (result !== 'refused' && written !== 'right') result = written
    }
    return result
  } finally {
    await pit.close()
  }
}

interface Revised {
  readonly hit: Hit<JudgedFailure>
  readonly judged: JudgedFailure
}

async function write(revised: readonly Revised[], { writer }: ReviseOptions): Promise<Pass> {
  if (revised.length === 0) return 'right'
  const ends = await writer.write(revised.map(operationOf))
  return ends.some(({ outcome }) => outcome === 'exists' || outcome === 'missing') ? 'refused' : 'written'
}

function operationOf({ hit, judged }: Revised): Operation {
  const { cause, confidence } = judged.edgemicro
  return {
    action: 'update',
    index: hit._index,
    id: hit._id,
    json: JSON.stringify({ edgemicro: { cause, confidence } }),
    readAt: { seqNo: hit._seq_no!, primaryTerm: hit._primary_term! },
  }
}

/** The indices of the case's days. */
function indicesOf(prefix: string, { sinceMs, untilMs }: Case): string {
  const names: string[] = []
  for (let dayMs = sinceMs; dayMs < untilMs; dayMs += DAY_MS) {
    names.push(encodeURIComponent(indexOfDay(prefix, 'failure', new Date(dayMs).toISOString())))
  }
  return names.join(',')
}

const DAY_MS = 86_400_000

// Where the idle time is not known, no others tell anything.
function searchOf({ target, untilMs }: Case, sinceMs: number, { causes }: Verdicts) {
  return {
    seq_no_primary_term: true,
    _source: JUDGED_FIELDS,
    query: {
      bool: {
        filter: [
          { term: { 'edgemicro.target': target } },
          { terms: { 'edgemicro.cause': causes } },
          { exists: { field: 'edgemicro.evidence.idle_ms' } },
          { range: { '@timestamp': { gte: sinceMs, lt: untilMs, format: 'epoch_millis' } } },
        ],
      },
    },
  }
}

const JUDGED_FIELDS = [
  '@timestamp',
  'http.request.id',
  'error',
  ...['target', 'target_source', 'proxy', 'gateway', 'cause', 'confidence', 'evidence'].map(
    (name) => `edgemicro.${name}`,
  ),
  'log.file.path',
  'log.offset',
]
