import { access, constants, stat } from 'node:fs/promises'
import path from 'node:path'
import type { PipelineConfig, SinkConfig } from '../config/schema.js'
import { PermanentError, systemCode } from '../errors.js'
import { DuckDbFrequencyStore } from '../frequency/duckdb.js'
import { faultOfKeys, sampleKeys } from '../pipeline/sample-keys.js'
import { type ConnectionOptions, connectElasticsearch } from '../sinks/elasticsearch/connection.js'
import { checkVersion } from '../sinks/elasticsearch/open.js'
import { discoverLogFiles } from '../sources/discover.js'
import { describeTopic } from '../sources/kafka/admin.js'
import { CLIENT_ID, type KafkaConnection } from '../sources/kafka/client-options.js'
import type { Context } from './context.js'
import { tellProblem } from './errors.js'

/**
 * Looks whether what a pipeline reads and writes can be reached, and tells what is there. Makes nothing and changes
 * nothing. Throws where something can not be reached, or this version has nothing to reach it with.
 */
export async function connect(config: PipelineConfig, context: Pick<Context, 'terminal'>): Promise<void> {
  const { source, sinks, deadLetters } = config
  if (source.kind === 'tail' || source.kind === 'files') {
    const { paths } = await discoverLogFiles({
      inputs: source.paths,
      ...(source.kind === 'tail' && { include: source.include, exclude: source.exclude }),
      onProblem: (problem) => tellProblem(problem, context),
    })
    context.terminal.tell(`source: ${paths.length} ${paths.length === 1 ? 'file' : 'files'}`)
  }
  if (source.kind === 'kafka') context.terminal.tell(`source: ${await reachTopic(source)}`)
  for (const sink of sinks) context.terminal.tell(`sink ${sink.kind}: ${await reach(sink)}`)
  if (deadLetters.kind === 'kafka') context.terminal.tell(`dead letters: ${await reachTopic(deadLetters)}`)
  if (source.kind === 'kafka') await lookAtKeys({ ...source, join: config.join }, context)
}

/** Looks by which partitions the halves of requests travel, and throws where the pipeline says otherwise. */
async function lookAtKeys(
  source: Parameters<typeof sampleKeys>[0],
  { terminal }: Pick<Context, 'terminal'>,
): Promise<void> {
  const { brokers, security, partitionedBy, repartitionTopic: topic } = source
  if (partitionedBy === 'none') {
    const isThere = (await describeTopic({ brokers, security, clientId: CLIENT_ID }, topic)) !== null
    terminal.tell(`repartition topic: ${topic}, ${isThere ? 'ok' : 'not there yet: a run makes it'}`)
  }
  const sample = await sampleKeys(source, (problem) => tellProblem(problem, { terminal }))
  const { together, apart } = sample.pairs
  const seen = `in the last ${sample.messages} messages`
  if (together + apart === 0) terminal.tell(`keys: no request with two halves ${seen}: nothing to tell`)
  else terminal.tell(`keys: both halves on one partition for ${together} of ${together + apart} requests ${seen}`)
  if (partitionedBy === 'none' && together > 0 && apart === 0) {
    terminal.tell('keys: partitionedBy: source, or correlationId, would do without a repartition topic')
  }
  const fault = faultOfKeys(sample, source)
  if (fault !== null) throw fault
}

async function reachTopic({
  brokers,
  security,
  topic,
}: Pick<KafkaConnection, 'brokers' | 'security'> & { readonly topic: string }): Promise<string> {
  const partitions = await describeTopic({ brokers, security, clientId: CLIENT_ID }, topic)
  if (partitions === null) {
    throw new PermanentError(`no such topic: ${topic}`, {
      code: 'topic_not_found',
      hint: `make it, or correct the option topic; brokers: ${brokers.join(', ')}`,
    })
  }
  const messages = partitions.reduce((sum, { begin, end }) => sum + end - begin, 0)
  return `topic ${topic}, ${partitions.length} ${partitions.length === 1 ? 'partition' : 'partitions'}, ${messages} messages`
}

async function reach(sink: SinkConfig): Promise<string> {
  switch (sink.kind) {
    case 'duckdb':
      return reachStore(sink.path)
    case 'elasticsearch':
      return reachElasticsearch(sink)
    case 'kafka':
      return reachTopic(sink)
    default:
      return 'ok'
  }
}

async function reachElasticsearch(options: ConnectionOptions): Promise<string> {
  const elasticsearch = connectElasticsearch(options)
  try {
    await checkVersion(elasticsearch)
    return `ok, ${elasticsearch.name}`
  } finally {
    await elasticsearch.close()
  }
}

async function reachStore(file: string): Promise<string> {
  const stats = await statOf(file)
  if (stats === null) {
    await checkDirectory(file)
    return 'ok, not there yet'
  }
  await access(file, constants.W_OK).catch((error) => {
    throw unreachable(`no permission to write the store: ${file}`, 'make the file writable for this user', error)
  })
  // An empty file is a store to be.
  if (stats.isFile() && stats.size === 0) return 'ok, empty'
  const store = await DuckDbFrequencyStore.open(file)
  await store.close()
  return 'ok'
}

/** A store is made together with its directory, in the nearest one that is there. */
async function checkDirectory(file: string): Promise<void> {
  let directory = path.dirname(path.resolve(file))
  let stats = await statOf(directory)
  while (stats === null && directory !== path.dirname(directory)) {
    directory = path.dirname(directory)
    stats = await statOf(directory)
  }
  if (!stats?.isDirectory()) {
    throw unreachable(`the store cannot be made: ${file} (${directory} is no directory)`, 'give another path')
  }
  await access(directory, constants.W_OK | constants.X_OK).catch((error) => {
    const hint = 'make the directory writable for this user, or give another path'
    throw unreachable(`the store cannot be made: ${file} (no permission in ${directory})`, hint, error)
  })
}

/** Null where there is nothing of that name. */
async function statOf(file: string) {
  return stat(file).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return null
    throw unreachable(`the store cannot be reached: ${file} (${systemCode(error)})`, 'give another path', error)
  })
}

function unreachable(message: string, hint: string, cause?: unknown): PermanentError {
  return new PermanentError(message, { code: 'store_unreachable', hint, cause })
}
