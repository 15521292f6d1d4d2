import { choice, flag, list, path, section, text } from './option-types.js'

const broker = text({
  pattern: { regex: /^[^\s/@,]+:\d{1,5}$/, means: '`host:port`' },
  help: '',
})

/** How brokers are reached. */
export const kafkaSecurity = section({
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

export const TOPIC_NAME = {
  regex: /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,249}$/,
  means: 'letters, digits, `.`, `_` and `-`, at most 249',
}

export const topicOf = (what: string) => text({ pattern: TOPIC_NAME, help: `topic of ${what}` })

export const kafkaTopic = {
  brokers: list({ min: 1, item: broker, help: 'brokers to start from' }).prefault(['localhost:9092']),
  topic: topicOf('raw log lines'),
}

export const kafkaWriting = {
  compression: choice(['none', 'gzip', 'snappy', 'lz4', 'zstd'], {
    help: 'how messages are compressed; zstd asks for Node 22.15 or newer',
  }).default('lz4'),
  security: kafkaSecurity.prefault({}),
}

/** What brokers take for a topic; a group's name may be anything. */
export function topicName(text: string): string {
  return text.replace(/[^A-Za-z0-9._-]/g, '_').slice(0, 249)
}
