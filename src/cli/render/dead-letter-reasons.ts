import type { DeadLetterReason } from '../../sinks/dead-letters/dead-letter-sink.js'

export interface ReasonText {
  /** Of the line: a sentence whose subject is left out. */
  readonly means: string
  /** How it comes about. */
  readonly comes: string
  readonly toDo: string
}

/** Every reason of a dead letter; the README holds the first column, and a test compares them. */
export const REASONS: Readonly<Record<DeadLetterReason, ReasonText>> = {
  too_long: {
    means: 'is longer than 1 MiB',
    comes: 'A plugin or a debug dump has written a whole body into one line, or a file has lost its line ends.',
    toDo:
      'Keep bodies out of the log: lower the level, or mend the plugin. The letter holds the begin of the line only, so ' +
      'it cannot be replayed.',
  },
  bad_timestamp: {
    means: 'begins with something like a time that is none, or is the torn end of an event',
    comes:
      'A rotation by copy and truncate has cut a line, two processes write to one file, or a crash tore a line apart.',
    toDo:
      'One or two at a rotation are lost lines. Many of them: rotate by renaming, and give each gateway process a file ' +
      'of its own.',
  },
  bad_level: {
    means: 'has a level that the gateway does not write',
    comes: 'Another program writes to the log, or the gateway is newer than this version of hangup.',
    toDo:
      'Leave files of other programs out (source.tail.exclude). For a newer gateway take a newer hangup, then replay, or ' +
      'better run again over the logs where they are still there.',
  },
  missing_fields: {
    means: 'is an event with too few fields',
    comes: 'A line was cut and ends in a bracket by chance, or another version of the gateway writes other fields.',
    toDo: 'Compare the line with its neighbours in the file. If all lines look so, this version does not know that gateway.',
  },
  bad_field: {
    means: 'has the right number of fields, but one holds what it cannot hold',
    comes: 'Two writers have mixed their lines, or a client has sent text that looks like fields.',
    toDo: 'Look at the line in its file. Many at once from one address may be an attack on the log.',
  },
  ambiguous: {
    means: 'can be split in more than one way',
    comes:
      'Nothing in the log is escaped: brackets in a url, a Host header or a message look like the borders of fields.',
    toDo: 'Nothing was guessed. Look at the line in its file; many of them may be an attempt to forge entries.',
  },
  unterminated: {
    means: 'ends in the middle',
    comes: 'The gateway was killed while it wrote, the disk was full, or the file is not whole yet.',
    toDo: 'Look whether the gateway restarted or the disk was full at that time. What was not written cannot be replayed.',
  },
  no_record: {
    means: 'comes before the first record and is none',
    comes: 'The file is not a log of the gateway, or it begins in the middle of a stack trace.',
    toDo: 'Leave other files out (source.tail.exclude). At the begin of a rotated file it is harmless.',
  },
  control_bytes: {
    means: 'is a hole of NUL bytes, as a crash leaves it; the lines before and behind it are read',
    comes:
      'The host lost power or crashed before the file system had written what the gateway wrote; ' +
      'or the log was cut (copytruncate) under a writer that does not append.',
    toDo: 'Nothing can be got out of it: what stood there is lost. The lines behind it are read.',
  },
  bad_envelope: {
    means: "looks like a container's JSON and is none",
    comes: 'A shipper sends JSON of a form that hangup does not know, or another program logs JSON.',
    toDo: 'Let the shipper send the plain line in `message` or `log`; the README names the forms that are known.',
  },
  refused: {
    means: 'is a document that a store will not take, in its own words',
    comes: 'An index was made with another mapping, or the document is larger than the store allows.',
    toDo:
      'Read what the store says; mend the mapping (hangup setup elasticsearch) or delete the index, then ' +
      'hangup dead-letters replay PIPELINE.yaml.',
  },
}

export const DEAD_LETTER_REASONS: readonly string[] = Object.keys(REASONS)
