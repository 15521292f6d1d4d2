import { ConfigError, HangupError, PermanentError, TransientError } from '../../errors.js'

/**
 * Says what an error of kafkajs means to us: `ConfigError` for a topic that is not there, `PermanentError` for what
 * brokers refuse (authentication, rights, TLS, what they do not know), and `TransientError` for all the rest: no
 * connection, a leader that moves, a group that is being shared out. Errors in code stay what they are.
 *
 * kafkajs wraps errors in each other; the innermost that says something counts. Its texts hold no credentials.
 */
export function kafkaFault(error: unknown, { what, topic }: { readonly what: string; readonly topic?: string }): Error {
  if (error instanceof HangupError) return error
  const chain = causes(error)
  const ours = chain.find((each) => each instanceof HangupError)
  if (ours instanceof HangupError) return ours
  if (chain.some(({ name }) => CODE_ERRORS.has(name))) return error as Error
  const type = chain.map((each) => each.type).find((each) => typeof each === 'string')
  const name = chain.at(-1)?.name ?? ''
  const code = chain.map((each) => each.code).find((each) => typeof each === 'string')
  const reason = (type ?? code ?? chain.at(-1)?.message ?? 'unknown').slice(0, 200)
  const message = `${what} (${reason})`

  if (type !== undefined && TOPIC_TYPES.has(type)) {
    const hint = `create it, or correct the name; its partitions share the work: ${topic ?? 'the topic'} with 12 is a good start`
    return new ConfigError(message, { code: 'topic_not_found', hint, cause: error })
  }
  if (chain.some((each) => each.name === 'KafkaJSSASLAuthenticationError') || /AUTHENTICATION|SASL/.test(type ?? '')) {
    const hint = 'check user, password and mechanism (`security.sasl`)'
    return new PermanentError(message, { code: 'broker_denied', hint, cause: error })
  }
  if (type?.endsWith('_AUTHORIZATION_FAILED') === true) {
    const hint = 'the user needs READ and DESCRIBE on the topic and READ on the group, to write also WRITE'
    return new PermanentError(message, { code: 'broker_denied', hint, cause: error })
  }
  if (code !== undefined && TLS_CODES.test(code)) {
    const hint = 'check `security.tls`, `security.ca` and the host names in the certificate of the broker'
    return new PermanentError(message, { code: 'broker_denied', hint, cause: error })
  }
  if ((type !== undefined && REFUSED_TYPES.has(type)) || REFUSED_NAMES.has(name)) {
    const hint = 'Kafka 2.1 to 4.x is supported; see the settings of the topic and of the brokers'
    return new PermanentError(message, { code: 'broker_refused', hint, cause: error })
  }
  const hint = 'is Kafka running, and is `brokers` right? In a run that follows its input it is tried again'
  return new TransientError(message, { code: 'broker_unreachable', hint, cause: error })
}

/**
 * What the end of a member's session means: what a new connection does not mend stays as it is, all else is
 * `TransientError`. A topic that was there may be so again, and what kafkajs trips over may be gone.
 */
export function sessionFault(fault: Error, hasJoined: boolean): Error {
  if (fault instanceof PermanentError || fault instanceof TransientError) return fault
  if (fault instanceof ConfigError && !hasJoined) return fault
  return new TransientError(`the Kafka client stopped: ${fault.name}: ${fault.message}`, {
    code: 'broker_unreachable',
    hint: 'it connects again by itself',
    cause: fault,
  })
}

/** The protocol's name of an error (`REBALANCE_IN_PROGRESS`), or `undefined`. */
export function protocolType(error: unknown): string | undefined {
  return causes(error)
    .map((each) => each.type)
    .find((each) => typeof each === 'string')
}

/** Whether brokers refused a request because it, or one message of it, is larger than what the topic takes. */
export function isTooLarge(error: unknown): boolean {
  const type = protocolType(error)
  return type === 'MESSAGE_TOO_LARGE' || type === 'RECORD_LIST_TOO_LARGE'
}

interface Fault extends Error {
  readonly type?: string
  readonly code?: string | number
}

/** An error and what it wraps, from the outside in. */
function causes(error: unknown): Fault[] {
  const chain: Fault[] = []
  for (let each = error; each instanceof Error && chain.length < 8 && !chain.includes(each); each = each.cause) {
    chain.push(each as Fault)
  }
  return chain
}

const CODE_ERRORS = new Set(['TypeError', 'RangeError', 'ReferenceError', 'SyntaxError', 'AssertionError'])

const TOPIC_TYPES = new Set(['UNKNOWN_TOPIC_OR_PARTITION', 'INVALID_TOPIC_EXCEPTION'])

/** OpenSSL's and Node's: a certificate that does not prove what it should, or a peer that speaks no TLS. */
const TLS_CODES = /^(?:ERR_TLS|ERR_SSL|EPROTO$|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_OSSL)/

const REFUSED_TYPES = new Set([
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
  'INVALID_RECORD',
  'INVALID_REQUIRED_ACKS',
  'INVALID_SESSION_TIMEOUT',
  'INVALID_GROUP_ID',
  'INCONSISTENT_GROUP_PROTOCOL',
  'INVALID_COMMIT_OFFSET_SIZE',
  'OFFSET_METADATA_TOO_LARGE',
  'UNSUPPORTED_VERSION',
  'UNSUPPORTED_FOR_MESSAGE_FORMAT',
  'UNSUPPORTED_COMPRESSION_TYPE',
  'POLICY_VIOLATION',
  'GROUP_MAX_SIZE_REACHED',
])

const REFUSED_NAMES = new Set([
  'KafkaJSNotImplemented',
  'KafkaJSServerDoesNotSupportApiKey',
  'KafkaJSUnsupportedMagicByteInMessageSet',
])
