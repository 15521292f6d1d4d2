import { Kafka, type KafkaConfig, logLevel, type RetryOptions } from 'kafkajs'
import { registerCodecs } from './codecs.js'
import { type KafkaSecurity, securityOptions } from './security.js'
import { Sockets } from './sockets.js'

/** As brokers and their quotas know us. */
export const CLIENT_ID = 'hangup'

/** How to reach a cluster. */
export interface KafkaConnection {
  /** `host:port`, to start from. */
  readonly brokers: readonly string[]
  readonly security: KafkaSecurity
  /** As brokers and their quotas know us. */
  readonly clientId: string
}

/** One kafkajs client, and a way to get rid of its connections. */
export interface Client {
  readonly kafka: Kafka
  /** Closes all connections at once; what waits for an answer fails. */
  destroy(): void
}

/** Makes a client without using it. Throws `ConfigError` where a file of it cannot be read. */
export function openClient(connection: KafkaConnection): Client {
  registerCodecs()
  const sockets = new Sockets()
  return { kafka: new Kafka(clientOptions(connection, sockets)), destroy: () => sockets.destroy() }
}

/** What kafkajs is told. It logs nothing: what matters comes as errors, which name no secrets. */
export function clientOptions({ brokers, security, clientId }: KafkaConnection, sockets: Sockets): KafkaConfig {
  return {
    brokers: [...brokers],
    clientId,
    ...securityOptions(security),
    connectionTimeout: 5_000,
    authenticationTimeout: 10_000,
    requestTimeout: 30_000,
    retry: RETRY,
    socketFactory: sockets.factory,
    logLevel: logLevel.NOTHING,
    logCreator: () => () => {},
  }
}

/** All fields, for kafkajs has other defaults under `NODE_ENV=test`. Short: our own back-off goes round it. */
export const RETRY: RetryOptions = {
  initialRetryTime: 200,
  maxRetryTime: 2_000,
  factor: 0.2,
  multiplier: 2,
  retries: 5,
}
