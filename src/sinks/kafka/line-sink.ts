/** A message on its way to a topic: a line, or several of one file; what it holds may leave the host. */
export interface LineMessage {
  /** Messages with the same key stay in order. */
  readonly key: string
  readonly value: Buffer
  readonly headers: Readonly<Record<string, string>>
}

/** Writes to the partitions of a topic; resolves when all in-sync replicas have the messages. */
export interface LineProducer {
  partitions(): Promise<number>
  send(partition: number, messages: readonly LineMessage[]): Promise<void>
  close(): Promise<void>
}

/**
 * A topic of log lines. The partition of a key is chosen here and stays the same for as long as
 * the sink is open, also where partitions are added meanwhile: the lines of one file stay in order.
 */
export class KafkaLineSink {
  readonly name = 'kafka'
  /** Sends to one partition wait for each other in the producer. */
  readonly maxWrites: number = 16
  readonly #producer: LineProducer
  #partitions: Promise<number> | null = null

  constructor(producer: LineProducer) {
    this.#producer = producer
  }

  /** Resolves once the brokers have all of them. */
  async write(messages: readonly LineMessage[]): Promise<void> {
    this.#partitions ??= this.#producer.partitions()
    const count = await this.#partitions
    const byPartition = new Map<number, LineMessage[]>()
    for (const message of messages) {
      const partition = hashOf(message.key) % count
      const known = byPartition.get(partition)
      if (known === undefined) byPartition.set(partition, [message])
      else known.push(message)
    }
    await Promise.all([...byPartition].map(([partition, each]) => this.#producer.send(partition, each)))
  }

  close(): Promise<void> {
    return this.#producer.close()
  }
}

/** FNV-1a over the characters of a key. */
function hashOf(key: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193)
  return hash >>> 0
}
