import { DEFAULT_INDEX_PREFIX, INDEX_PREFIX } from '../../config/index-prefix.js'
import { askCovered, filteredDimensions } from '../../frequency/covered.js'
import type { FrequencyStore, Question } from '../../frequency/question.js'
import type { Context } from '../context.js'
import { countLogs } from '../count-logs.js'
import { openLogsOf } from '../logs.js'
import type { FrequencyOptions } from '../options.js'
import { readQuestion } from '../questions.js'
import { type Reading, tellReading } from '../reading.js'
import { frequencyCsv, frequencyJson, renderFrequency } from '../render/frequency.js'
import { writeOutput } from '../terminal/write.js'
import { usageError } from '../usage-errors.js'

export async function run(args: readonly string[], options: FrequencyOptions, context: Context): Promise<number> {
  const question = readQuestion(options, { nowMs: Date.now() })
  if (options.store !== undefined && args.length > 0) {
    throw usageError('two things to ask: LOGS and --store', 'give either logs or a store')
  }
  if (options.prefix !== undefined && !isUrl(options.store)) {
    throw usageError('a prefix of index names without Elasticsearch: --prefix', 'give --store URL besides')
  }
  const asked =
    options.store === undefined
      ? await askLogs(question, args, options, context)
      : await askStore(options.store, question, options, context)
  const answer = { by: question.by, everyMs: question.everyMs, rows: asked.rows }
  const text = options.json
    ? JSON.stringify(frequencyJson(answer))
    : options.csv
      ? frequencyCsv(answer).replace(/\r?\n$/, '')
      : renderFrequency(answer, context.terminal.output).join('\n')
  await writeOutput(context.stdout, `${text}\n`)
  tellReading(asked, context)
  return asked.exitCode
}

interface Asked extends Reading {
  readonly rows: Awaited<ReturnType<FrequencyStore['ask']>>
  readonly exitCode: number
}

async function askStore(text: string, question: Question, options: FrequencyOptions, context: Context): Promise<Asked> {
  const store = await openStore(text, options, context)
  try {
    return { rows: await askCovered(store, question), exitCode: 0 }
  } finally {
    await store.close()
  }
}

/** What a store is asked with is loaded when there is one: it takes longer than to read a small log. */
async function openStore(
  text: string,
  { prefix = DEFAULT_INDEX_PREFIX }: FrequencyOptions,
  context: Context,
): Promise<FrequencyStore> {
  const path = /^duckdb:(.+)$/.exec(text)?.[1]
  if (path !== undefined) {
    const { DuckDbFrequencyStore } = await import('../../frequency/duckdb.js')
    return DuckDbFrequencyStore.open(path)
  }
  if (!isUrl(text)) {
    // What stands before an @ may be a password.
    const shown = text.includes('@') ? '…' : text
    throw usageError(`not a store: --store ${shown}`, 'write duckdb:FILE, or the URL of an Elasticsearch')
  }
  if (!INDEX_PREFIX.regex.test(prefix)) {
    throw usageError(`no prefix of index names: --prefix ${prefix}`, `write ${INDEX_PREFIX.means}`)
  }
  const { connectFrom } = await import('../elasticsearch-environment.js')
  const { ElasticsearchFrequencyStore } = await import('../../frequency/elasticsearch.js')
  return new ElasticsearchFrequencyStore(connectFrom(context, { url: text }), prefix)
}

function isUrl(store: string | undefined): boolean {
  return store !== undefined && /^https?:/i.test(store)
}

/** Holds in memory what this one question needs; times are filtered on the way in. */
async function askLogs(
  question: Question,
  args: readonly string[],
  options: FrequencyOptions,
  context: Context,
): Promise<Asked> {
  const { target, proxy, code } = question.filter
  const logs = await openLogsOf(args, options, context)
  const grain = {
    dimensions: [...question.by, ...filteredDimensions(question.filter)],
    everyMs: question.everyMs,
  }
  const { tally, coverage, ledger, evicted } = await countLogs(logs, grain, question.filter, context)
  if (ledger.lines === 0) context.terminal.tell('hangup: no lines: the logs are empty')
  const rows = await askCovered(tally, { ...question, filter: { target, proxy, code } }, coverage)
  return { rows, exitCode: logs.exitCode(), ledger, evicted, folded: tally.folded }
}
