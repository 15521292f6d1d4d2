/** 4.4.0 and 3.9.2. */
export type Profile = '4.4' | '3.9'

export interface KafkaOptions {
  /** `4.4` by default. */
  readonly profile?: Profile
  /** 1 by default. Three keep all that was acknowledged by two: a replication of 3, `min.insync.replicas` of 2. */
  readonly nodes?: 1 | 3
  /** Adds a listener with TLS and logins (PLAIN, SCRAM), and one with TLS that asks for the client's certificate. */
  readonly secure?: boolean
  /** More of server.properties, for each node. */
  readonly settings?: Readonly<Record<string, string | number | boolean>>
  /** For configuration, data and logs, which stay there when the servers end; a temporary one by default. */
  readonly dir?: string
  /** Of the first node's plain listener, the others follow it; free ones by default. */
  readonly port?: number
  /** Of each node, 256 by default. */
  readonly heapMb?: number
  /** The JVM's quick compiler alone, true by default: starts sooner, is slower under load. False where speed is measured. */
  readonly c1?: boolean
  /** Leaves the servers running when this process ends; false by default. */
  readonly keep?: boolean
}

export interface TopicOptions {
  /** 1 by default. */
  readonly partitions?: number
  /** As many as there are nodes by default. */
  readonly replication?: number
  /** `retention.ms` and the like. */
  readonly config?: Readonly<Record<string, string | number | boolean>>
}

/** Processes of their own, on 127.0.0.1. Nodes are numbered from 1; where none is named, all are meant. */
export interface KafkaServer {
  readonly profile: Profile
  readonly dir: string
  /** `host:port` of each node: no TLS, no login. The same after `restart`. */
  readonly brokers: string[]
  /** TLS, and a login by PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512; where it is secure. */
  readonly secureBrokers?: string[]
  /** TLS, and a certificate that the client must have; where it is secure. */
  readonly sslBrokers?: string[]
  /** Certificate to trust, and the client's own with its key (PEM); where it is secure. */
  readonly caFile?: string
  readonly clientCertFile?: string
  readonly clientKeyFile?: string
  /** For each of the mechanisms; where it is secure. */
  readonly username?: string
  readonly password?: string
  /** Process id of a node (1 by default), or null where it does not run. */
  pid(node?: number): number | null
  /** Ends it cleanly (SIGTERM) and waits until it is gone. The data stays. Nothing where it does not run. */
  stop(node?: number): Promise<void>
  /** As a crash: SIGKILL, and waits until it is gone. The data stays. */
  kill(node?: number): Promise<void>
  /** Starts it again, after `stop` or `kill`, or stops it first: the same ports, data and credentials. */
  restart(node?: number): Promise<void>
  /** SIGSTOP: connections stay open, nothing is answered. */
  pause(node?: number): Promise<void>
  resume(node?: number): Promise<void>
  /** Ends it and removes its folder. */
  remove(): Promise<void>
  /** Makes a topic and waits until its partitions have leaders. */
  createTopic(name: string, options?: TopicOptions): Promise<void>
  /** Gives a topic more partitions, until there are `total`. */
  addPartitions(name: string, total: number): Promise<void>
  /** The number of the node that leads a partition. */
  leaderOf(topic: string, partition: number): Promise<number>
}

/**
 * Starts a real Apache Kafka (KRaft) and resolves when each node serves; prepares it first where this machine has not
 * got it. It ends with the process that started it, however that ends, unless told to `keep`. A `dir` that was used
 * before goes on with its data, ports and credentials. Throws with what to install where Java or Maven is missing, and
 * with the server's own errors where it does not start.
 */
export function startKafka(options?: KafkaOptions): Promise<KafkaServer>

/** What servers of one profile are started with: jars, Java, and an archive of its loaded classes. */
export interface Prepared {
  readonly profile: Profile
  readonly home: string
  readonly java: string
  readonly archive: string
}

/** Fetches and makes ready what a server is started with, once for each machine. */
export function prepare(profile: Profile): Promise<Prepared>

/** Ends the servers that run on `directory`, if any do. */
export function endKafka(directory: string, signal: 'SIGTERM' | 'SIGKILL'): Promise<void>

/** Process id of a node (1 by default) of the cluster of `directory`, or null. */
export function nodePid(directory: string, node?: number): number | null
