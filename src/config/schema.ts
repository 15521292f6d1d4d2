import { join } from 'node:path'
import { z } from 'zod'
import type { DeepReadonly } from './deep-readonly.js'
import { address, choice, duration, emptyIsAbsent, list, path, section, text, wholeNumber } from './option-types.js'
import { rulesBetweenOptions } from './pipeline-rules.js'
import { deadLetters, sink } from './sink-options.js'
import { source } from './source-options.js'

export { ELASTICSEARCH_NODE } from './elasticsearch-options.js'
export type { SinkConfig } from './sink-options.js'
export type { SourceConfig } from './source-options.js'

/**
 * Every option of a pipeline file, once: its name, type, default, unit, range, help, and the rules between options
 * (`pipeline-rules.ts`). The ends have files of their own (`source-options.ts`, `sink-options.ts`). No other module has a
 * default. The type `PipelineConfig`, the validation and the table in the README derive from it.
 */

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

const packets = section({
  paths: list({
    min: 1,
    item: path({ help: '' }),
    help: 'packet captures (`tcpdump -w`, a ring of files, `.gz` included): files, directories or globs; without the section `packets`: none',
  }),
  resolve: list({
    min: 0,
    item: text({
      pattern: { regex: /^[^=\s]+=[0-9A-Fa-f.:]+$/, means: '`name=address`' },
      help: '',
    }),
    help: 'addresses of targets, `name=address`, where captures hold neither answers of name servers nor `Host`',
  }).default([]),
  scanInterval: duration({ min: '100ms', max: '10m', help: 'how often to look for new captures' }).prefault('10s'),
}).transform(({ scanInterval, ...rest }) => ({ ...rest, scanIntervalMs: scanInterval }))

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
    packets: packets.optional(),
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

/** Where the dead letters of a pipeline go: a file or a topic. */
export type DeadLettersConfig = PipelineConfig['deadLetters']
