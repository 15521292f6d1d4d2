import type { z } from 'zod'
import type { DeepReadonly } from './deep-readonly.js'
import { kafkaSecurity, kafkaTopic, TOPIC_NAME, topicName } from './kafka-options.js'
import { choice, duration, emptyIsAbsent, list, oneOf, path, section, text } from './option-types.js'

const sectionOfLogs = {
  paths: list({ min: 1, item: path({ help: '' }), help: 'log files, directories or globs, `.gz` included' }),
}

/** Where the lines come from. */
export const source = oneOf({
  tail: section({
    ...sectionOfLogs,
    start: choice(['beginning', 'end'], { help: 'where a file without a checkpoint is read from' }).default(
      'beginning',
    ),
    include: list({
      min: 0,
      item: path({ help: '' }),
      help: 'of directories, follow only files that match one of these globs, which begin in the directory',
    }).default([]),
    exclude: list({ min: 0, item: path({ help: '' }), help: 'globs of files to leave out' }).default([]),
    scanInterval: duration({ min: '100ms', max: '10m', help: 'how often to look for new files' }).prefault('1s'),
    closeIdle: duration({
      min: '1s',
      max: '7d',
      help: 'files without lines for so long are closed until they grow',
    }).prefault('5m'),
    ignoreOlderThan: duration({
      min: '1m',
      max: '3650d',
      help: 'of files that were last written to before that when they are first seen, only what comes later is read',
    }).optional(),
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
  }).transform(({ scanInterval, closeIdle, ignoreOlderThan, rotateWait, unreadWait, ...rest }) => ({
    ...rest,
    scanIntervalMs: scanInterval,
    closeIdleMs: closeIdle,
    ...(ignoreOlderThan !== undefined && { ignoreOlderThanMs: ignoreOlderThan }),
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

/** The source of a pipeline: its `kind` and its options. */
export type SourceConfig = DeepReadonly<z.output<typeof source>>
