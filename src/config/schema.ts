import { join, resolve } from 'node:path'
import { z } from 'zod'
import { DEFAULT_INDEX_PREFIX, INDEX_PREFIX } from './index-prefix.js'
import {
  address,
  choice,
  duration,
  emptyIsAbsent,
  flag,
  list,
  oneOf,
  path,
  type Rule,
  section,
  size,
  text,
  wholeNumber,
} from './option-types.js'

/**
 * Every option of a pipeline file, once: its name, type, default, unit, range, help, and the rules between options.
 * No other module has a default. The type `PipelineConfig`, the validation and the table in the README derive from it.
 */

const sectionOfLogs = {
  paths: list({ min: 1, item: path({ help: '' }), help: 'log files, directories or globs, `.gz` included' }),
}

const broker = text({
  pattern: { regex: /^[^\s/@,]+:\d{1,5}$/, means: '`host:port`' },
  help: '',
})

const kafkaSecurity = section({
  tls: flag({ help: 'encrypt the connections to the brokers' }).default(false),
  ca: path({ help: "certificate authority's certificate (PEM); absent: the system's" }).optional(),
  certificate: path({ help: "client's certificate (PEM)" }).optional(),
  key: path({ help: "client's private key (PEM)" }).optional(),
  sasl: section({
    mechanism: choice(['plain', 'scram-sha-256', 'scram-sha-512'], { help: 'how to log in' }).default('scram-sha-512'),
    username: text({ help: 'user name' }),
    password: text({ help: 'password; best taken from the environment' }),
  }).optional(),
})

const TOPIC_NAME = {
  regex: /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,249}$/,
  means: 'letters, digits, `.`, `_` and `-`, at most 249',
}

const topicOf = (what: string) => text({ pattern: TOPIC_NAME, help: `topic of ${what}` })

const kafkaTopic = {
  brokers: list({ min: 1, item: broker, help: 'brokers to start from' }).prefault(['localhost:9092']),
  topic: topicOf('raw log lines'),
}

const source = oneOf({
  tail: section({
    ...sectionOfLogs,
    start: choice(['beginning', 'end'], { help: 'where a file without a checkpoint is read from' }).default(
      'beginning',
    ),
    exclude: list({ min: 0, item: path({ help: '' }), help: 'globs of files to leave out' }).default([]),
    scanInterval: duration({ min: '100ms', max: '10m', help: 'how often to look for new files' }).prefault('1s'),
    rotateWait: duration({
      min: '1s',
      max: '24h',
      help: 'how long a rotated file is kept open for late lines, after its last one',
    }).prefault('5m'),
    unreadWait: duration({
      min: '1m',
      max: '7d',
      help: 'how long a file that was deleted unread is kept open while the stores take nothing; then its rest is lost',
    }).prefault('12h'),
  }).transform(({ scanInterval, rotateWait, unreadWait, ...rest }) => ({
    ...rest,
    scanIntervalMs: scanInterval,
    rotateWaitMs: rotateWait,
    unreadWaitMs: unreadWait,
  })),
  files: section(sectionOfLogs),
  stdin: section({}).transform((): object => ({})),
  kafka: section({
    ...kafkaTopic,
    group: text({ help: 'consumer group; holds the positions' }).default('hangup'),
    partitionedBy: choice(['correlationId', 'source', 'none'], {
      help: 'what the topic is keyed by; with `none`, halves are brought together through a repartition topic',
    }).default('source'),
    repartitionTopic: emptyIsAbsent(
      text({
        pattern: TOPIC_NAME,
        help: 'topic where halves meet with `partitionedBy: none`; made when absent, with as many partitions',
        computedDefault: '`<topic>-<group>-halves`',
      }),
    ),
    start: choice(['beginning', 'end'], {
      help: 'where a partition is read from of which the group has stored nothing',
    }).default('beginning'),
    sessionTimeout: duration({
      min: '6s',
      max: '5m',
      help: 'after how long without a sign of life the partitions of an instance go to others',
    }).prefault('10s'),
    security: kafkaSecurity.prefault({}),
  }).transform(({ sessionTimeout, repartitionTopic, ...rest }) => ({
    ...rest,
    sessionTimeoutMs: sessionTimeout,
    repartitionTopic: repartitionTopic ?? topicName(`${rest.topic}-${rest.group}-halves`),
  })),
})

/** What brokers take for a topic; a group's name may be anything. */
function topicName(text: string): string {
  return text.replace(/[^A-Za-z0-9._-]/g, '_').slice(0, 249)
}

const elasticsearchAuth: Rule = ({ apiKey, apiKeyFile, username, password, passwordFile }, context) => {
  const ways = [apiKey, apiKeyFile, password, passwordFile].filter((way) => way !== undefined)
  const isBasic = password !== undefined || passwordFile !== undefined
  if (ways.length === 1 && isBasic === (username !== undefined)) return
  const message = 'give one of apiKey, apiKeyFile, or username with password or passwordFile'
  context.addIssue({ code: 'custom', message })
}

const elasticsearchPlace: Rule = ({ node, cloudId }, context) => {
  if (node !== undefined && cloudId !== undefined) {
    context.addIssue({ code: 'custom', message: 'give either node or cloudId' })
  }
}

/** Where Elasticsearch is when nothing says so. */
export const ELASTICSEARCH_NODE = 'http://localhost:9200'

const elasticsearch = section(
  {
    node: text({
      pattern: { regex: /^https?:\/\/[^\s@]+$/, means: 'an http or https URL without a password' },
      help: 'URL of a node',
      computedDefault: `\`${ELASTICSEARCH_NODE}\``,
    }).optional(),
    cloudId: text({
      pattern: { regex: /^[^\s:]*:[A-Za-z0-9+/=]+$/, means: 'a cloud id: `name:base64`' },
      help: 'id of an Elastic Cloud deployment, in place of `node`',
    }).optional(),
    prefix: text({
      pattern: INDEX_PREFIX,
      help: 'how the names of the indices begin',
    }).default(DEFAULT_INDEX_PREFIX),
    auth: emptyIsAbsent(
      section(
        {
          username: text({ help: 'user name' }).optional(),
          password: text({ help: 'password; best taken from the environment' }).optional(),
          passwordFile: path({ help: 'file that holds the password' }).optional(),
          apiKey: text({ help: 'API key (encoded form) in place of both; best taken from the environment' }).optional(),
          apiKeyFile: path({ help: 'file that holds the API key' }).optional(),
        },
        elasticsearchAuth,
      ),
    ),
    ca: emptyIsAbsent(path({ help: "certificate authority's certificate (PEM); absent: the system's" })),
    batch: size({ min: '64KiB', max: '64MiB', help: 'largest bulk request' }).prefault('2MiB'),
    linger: duration({ min: '0s', max: '1m', help: 'how long a document may wait for others to fill a bulk' }).prefault(
      '250ms',
    ),
    inFlight: wholeNumber({ min: 1, max: 16, help: 'most bulk requests under way at a time' }).default(4),
    timeout: duration({ min: '1s', max: '10m', help: 'when a request counts as failed' }).prefault('30s'),
    frequency: duration({
      min: '1s',
      max: '10m',
      help: 'how often the minutes that changed are counted again into `<prefix>-frequency`',
    }).prefault('10s'),
    setup: flag({ help: 'install missing index templates and lifecycle policies at start' }).default(true),
  },
  elasticsearchPlace,
).transform(({ batch, linger, timeout, frequency, node, ...rest }) => ({
  ...rest,
  node: rest.cloudId === undefined ? (node ?? ELASTICSEARCH_NODE) : null,
  maxBatchBytes: batch,
  lingerMs: linger,
  timeoutMs: timeout,
  frequencyMs: frequency,
}))

const kafkaWriting = {
  compression: choice(['none', 'gzip', 'snappy', 'lz4', 'zstd'], {
    help: 'how messages are compressed; zstd asks for Node 22.15 or newer',
  }).default('lz4'),
  security: kafkaSecurity.prefault({}),
}

const deadLetterPlace: Rule = ({ path, kafka }, context) => {
  if (path === undefined || kafka === undefined) return
  context.addIssue({ code: 'custom', message: 'give either path or kafka: dead letters go to one place' })
}

const deadLetters = section(
  {
    path: path({
      help: 'file of rejected lines and refused documents',
      computedDefault: '`<state.directory>/<name>.dead-letters.ndjson`',
    }).optional(),
    kafka: section({ ...kafkaTopic, topic: topicOf('dead letters, in place of the file'), ...kafkaWriting }).optional(),
  },
  deadLetterPlace,
)

const sink = oneOf({
  duckdb: section({ path: path({ help: 'database file; made when absent' }).default('./hangup.duckdb') }),
  elasticsearch,
  kafka: section({
    ...kafkaTopic,
    messageSize: size({
      min: '0B',
      max: '512KiB',
      help: 'lines of one file that are at hand together share a message up to this size, which consumers read far faster; `0B`: each line is a message, for topics that others read too',
    }).prefault('16KiB'),
    ...kafkaWriting,
  }).transform(({ messageSize, ...rest }) => ({ ...rest, messageBytes: messageSize })),
  stdout: section({ traffic: flag({ help: 'print traffic documents too, not failures alone' }).default(false) }),
})

const gateway = section({
  configuration: path({
    help: "the gateway's own configuration (a file, or a directory such as `~/.edgemicro`): base paths and targets",
  }).optional(),
  hostFrom: choice(['file', 'machine'], {
    help: "the gateway's host name: from the log file's name, or this machine's",
  }).default('file'),
})

const redact = section({
  clientId: choice(['hash', 'drop', 'show'], { help: 'API keys (the client id field)' }).default('hash'),
  query: choice(['drop', 'mask', 'show'], { help: 'query strings; `mask` keeps the names' }).default('drop'),
  text: choice(['mask', 'show'], { help: 'secrets inside messages and dumps' }).default('mask'),
  keyFile: emptyIsAbsent(
    path({
      help: 'file of the key of the hash, 64 hex digits: the same for instances that write to one store; the default is made at first use',
      computedDefault: '`<state.directory>/redact.key`',
    }),
  ),
})

const joinHalves = section({
  window: duration({ min: '100ms', max: '10m', help: 'how far apart two halves may be, in event time' }).prefault('5s'),
  lateness: duration({ min: '0s', max: '1h', help: 'how far behind the newest line a line may come' }).prefault('60s'),
  maxPending: wholeNumber({ min: 100, max: 10_000_000, help: 'most halves that wait at a time' }).default(100_000),
}).transform(({ window, lateness, maxPending }) => ({ windowMs: window, latenessMs: lateness, maxPending }))

const target = section({
  target: text({
    pattern: { regex: /^[^\s/@?#]+$/, means: '`host:port`' },
    help: 'as the log names it',
  }),
  idleTimeout: duration({
    min: '1ms',
    max: '1d',
    help: 'after how long the target closes an idle connection; otherwise estimated',
  }),
}).transform(({ target, idleTimeout }) => ({ target, idleTimeoutMs: idleTimeout }))

/** Reads the data of a pipeline file; every value is checked, every default is filled in. */
export const pipelineSchema = z
  .strictObject({
    name: text({
      pattern: { regex: /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, means: 'letters, digits, `.`, `_` and `-`' },
      help: 'names the checkpoint',
      computedDefault: "the file's name",
    }),
    source,
    gateway: gateway.prefault({}),
    redact: redact.prefault({}),
    join: joinHalves.prefault({}),
    targets: z.array(target).default([]),
    sinks: z.array(sink).min(1),
    state: section({ directory: path({ help: 'checkpoints and the key of the hash' }).default('./.hangup') }).prefault(
      {},
    ),
    deadLetters: deadLetters.prefault({}),
    http: section({
      listen: address({ help: 'serves metrics and health; without the section `http`: nowhere' }).prefault(
        '127.0.0.1:9464',
      ),
    }).optional(),
  })
  .superRefine(rulesBetweenOptions, { when: ({ value }) => typeof value === 'object' && value !== null })
  .transform(({ deadLetters, ...rest }) => ({
    ...rest,
    deadLetters:
      deadLetters.kafka === undefined
        ? {
            kind: 'file' as const,
            path: deadLetters.path ?? join(rest.state.directory, `${rest.name}.dead-letters.ndjson`),
          }
        : { kind: 'kafka' as const, ...deadLetters.kafka },
  }))

/** A valid pipeline with all defaults filled in. */
export type PipelineConfig = DeepReadonly<z.output<typeof pipelineSchema>>

/** The source of a pipeline: its `kind` and its options. */
export type SourceConfig = DeepReadonly<z.output<typeof source>>

/** One sink of a pipeline: its `kind` and its options. */
export type SinkConfig = DeepReadonly<z.output<typeof sink>>

/** Where the dead letters of a pipeline go: a file or a topic. */
export type DeadLettersConfig = PipelineConfig['deadLetters']

type DeepReadonly<T> = T extends readonly (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
    : T

/** What the rules look at. Each part may be missing or wrong still. */
interface Unchecked {
  readonly source?: SourceConfig
  readonly sinks?: readonly (SinkConfig | undefined)[]
  readonly targets?: readonly ({ readonly target?: unknown } | undefined)[]
  readonly deadLetters?: { readonly path?: unknown; readonly kafka?: Partial<Topic> }
}

/** Runs beside other faults, so that all are told at once: whatever is missing or wrong is passed over. */
function rulesBetweenOptions(config: Unchecked, context: z.core.$RefinementCtx): void {
  const add = (path: (string | number)[], message: string) => context.addIssue({ code: 'custom', path, message })
  const sinks = Array.isArray(config.sinks) ? config.sinks : []
  const targets = Array.isArray(config.targets) ? config.targets : []
  const deadLetters = config.deadLetters?.path
  const lettersTopic = config.deadLetters?.kafka

  forRepeated(sinks.map(whereItWrites), (index, first) =>
    add(['sinks', index], `writes to the same place as sinks[${first}]`),
  )
  forRepeated(
    targets.map((entry) => entry?.target),
    (index, first) => add(['targets', index, 'target'], `stands in targets[${first}] already`),
  )
  if (config.source?.kind === 'kafka' && config.source.repartitionTopic === config.source.topic) {
    add(['source', 'kafka', 'repartitionTopic'], 'is the topic itself')
  }
  if (isReadTopic(config.source, lettersTopic)) {
    add(['deadLetters', 'kafka', 'topic'], 'is a topic that the source reads: letters are no lines')
  }
  for (const [index, sink] of sinks.entries()) {
    if (sink?.kind === 'kafka' && isSameTopic(sink, lettersTopic)) {
      add(['deadLetters', 'kafka', 'topic'], `is the topic of sinks[${index}]: letters are no lines`)
    }
    if (sink?.kind === 'kafka' && isReadTopic(config.source, sink)) {
      add(['sinks', index, 'kafka', 'topic'], 'is a topic that the source reads: the lines would go round for ever')
    }
    if (sink?.kind === 'duckdb' && typeof deadLetters === 'string' && resolve(deadLetters) === resolve(sink.path)) {
      add(['deadLetters', 'path'], `is the database of sinks[${index}]`)
    }
  }
}

function forRepeated(keys: readonly unknown[], tell: (index: number, first: number) => void): void {
  const seen = new Map<string, number>()
  for (const [index, key] of keys.entries()) {
    if (typeof key !== 'string') continue
    const first = seen.get(key)
    if (first === undefined) seen.set(key, index)
    else tell(index, first)
  }
}

function whereItWrites(sink: SinkConfig | undefined): string | undefined {
  switch (sink?.kind) {
    case 'duckdb':
      return `duckdb ${resolve(sink.path)}`
    case 'elasticsearch':
      return `elasticsearch ${(sink.node ?? sink.cloudId)?.replace(/\/+$/, '')} ${sink.prefix}`
    case 'kafka':
      return `kafka ${sink.topic} ${[...sink.brokers].sort().join(' ')}`
    case 'stdout':
      return 'stdout'
    default:
      return undefined
  }
}

interface Topic {
  readonly brokers: readonly string[]
  readonly topic: string
}

/** Each part of the other one may be missing or wrong still. */
function isSameTopic(one: Topic, other: Partial<Topic> | undefined): boolean {
  return one.topic === other?.topic && one.brokers.some((broker) => other.brokers?.includes(broker) === true)
}

function isReadTopic(source: SourceConfig | undefined, other: Partial<Topic> | undefined): boolean {
  if (source?.kind !== 'kafka') return false
  const { brokers, repartitionTopic } = source
  const reads = source.partitionedBy === 'none' ? [source.topic, repartitionTopic] : [source.topic]
  return reads.some((topic) => isSameTopic({ brokers, topic }, other))
}
