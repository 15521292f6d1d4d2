import { randomUUID } from 'node:crypto'
import { expect } from '@jest/globals'
import { type Consumer, Kafka, logLevel } from 'kafkajs'
import { demand, eventually, refresh } from '../support/elasticsearch/cluster.js'
import type { Fleet } from './fleet.js'

/** Correlation id of a half of a failure. */
const HALF =
  /^\S+ \[(?:error|warn)\].*\[([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\]\[(?:microgateway-core\]|plugins-middleware\]\[target(?:Request error|Response error|Response aborted)\])/

/** Reads a topic beside its group, and knows which failures lie before an offset. */
export class Witness {
  readonly #halves: { readonly partition: number; readonly offset: number; readonly id: string }[] = []
  readonly #read = new Map<number, number>()

  private constructor(
    private readonly fleet: Fleet,
    private readonly consumer: Consumer,
  ) {}

  static async of(fleet: Fleet): Promise<Witness> {
    const kafka = new Kafka({ brokers: fleet.site.kafka.brokers, logLevel: logLevel.NOTHING })
    const consumer = kafka.consumer({ groupId: `witness-${randomUUID()}` })
    const witness = new Witness(fleet, consumer)
    await consumer.connect()
    await consumer.subscribe({ topics: [fleet.topic], fromBeginning: true })
    await consumer.run({
      eachBatch: async ({ batch: { partition, messages } }) => {
        for (const { offset, value } of messages) {
          for (const line of String(value).split('\n')) {
            const [, id] = HALF.exec(line) ?? []
            if (id !== undefined) witness.#halves.push({ partition, offset: Number(offset), id })
          }
          witness.#read.set(partition, Number(offset) + 1)
        }
      },
    })
    return witness
  }

  /**
   * Of each failure of which the group has committed a line, the store has a document. Returns how many there are. What
   * the group stores meanwhile makes this easier to pass: keep it from doing so where every line is to be tested.
   */
  async expectCommittedIsStored(): Promise<number> {
    const { fleet } = this
    const committed = new Map((await fleet.partitions()).map(({ partition, committed }) => [partition, committed ?? 0]))
    await eventually('the witness has read as far as the group', async () =>
      [...committed].every(([partition, offset]) => (this.#read.get(partition) ?? 0) >= offset),
    )
    const isCommitted = ({ partition, offset }: { partition: number; offset: number }): boolean =>
      offset < (committed.get(partition) ?? 0)
    const ids = [...new Set(this.#halves.filter(isCommitted).map(({ id }) => id))]
    await refresh(`${fleet.name}-failures-`, fleet.site.elasticsearch)
    const missing: string[] = []
    for (let from = 0; from < ids.length; from += 5_000) {
      const values = ids.slice(from, from + 5_000)
      const query = { size: 5_000, _source: false, query: { ids: { values } } }
      const { hits } = await demand<{ hits: { hits: { _id: string }[] } }>(
        'POST',
        `/${fleet.name}-failures-*/_search`,
        query,
        fleet.site.elasticsearch,
      )
      const found = new Set(hits.hits.map(({ _id }) => _id))
      missing.push(...values.filter((id) => !found.has(id)))
    }
    expect(missing).toEqual([])
    return ids.length
  }

  close(): Promise<void> {
    return this.consumer.disconnect()
  }
}
