import type { z } from 'zod'
import type { DeepReadonly } from './deep-readonly.js'
import { elasticsearch } from './elasticsearch-options.js'
import { kafkaTopic, kafkaWriting, topicOf } from './kafka-options.js'
import { flag, oneOf, path, type Rule, section, size } from './option-types.js'

/** Where documents, or lines, go. */
export const sink = oneOf({
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

/** One sink of a pipeline: its `kind` and its options. */
export type SinkConfig = DeepReadonly<z.output<typeof sink>>

const deadLetterPlace: Rule = ({ path, kafka }, context) => {
  if (path === undefined || kafka === undefined) return
  context.addIssue({ code: 'custom', message: 'give either path or kafka: dead letters go to one place' })
}

/** Where rejected lines and refused documents go. */
export const deadLetters = section(
  {
    path: path({
      help: 'file of rejected lines and refused documents',
      computedDefault: '`<state.directory>/<name>.dead-letters.ndjson`',
    }).optional(),
    kafka: section({ ...kafkaTopic, topic: topicOf('dead letters, in place of the file'), ...kafkaWriting }).optional(),
  },
  deadLetterPlace,
)
