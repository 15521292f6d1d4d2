import { setTimeout as sleep } from 'node:timers/promises'
import kafkajs from 'kafkajs'

const { AssignerProtocol, Kafka, logLevel } = kafkajs

/** Looks at a topic and a group from outside. */
export class Group {
  #admin

  static async connect(brokers, topic, group) {
    const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING })
    const admin = kafka.admin()
    await admin.connect()
    return new Group(admin, topic, group)
  }

  constructor(admin, topic, group) {
    this.#admin = admin
    this.topic = topic
    this.group = group
  }

  /** Number of messages in the topic. */
  async end() {
    const offsets = await this.#admin.fetchTopicOffsets(this.topic)
    return offsets.reduce((sum, { high }) => sum + Number(high), 0)
  }

  /** Committed offset by partition; nought where there is none. */
  async committed() {
    const [{ partitions }] = await this.#admin.fetchOffsets({ groupId: this.group, topics: [this.topic] })
    return new Map(partitions.map(({ partition, offset }) => [partition, Math.max(0, Number(offset))]))
  }

  /** Resolves once as much is committed. */
  async reaches(end) {
    while ([...(await this.committed()).values()].reduce((sum, each) => sum + each, 0) < end) await sleep(200)
  }

  /** Partitions by member id; null while the group is being shared out. */
  async members() {
    const [{ state, members }] = (await this.#admin.describeGroups([this.group])).groups
    if (state !== 'Stable') return null
    return new Map(
      members.map(({ memberId, memberAssignment }) => [
        memberId,
        AssignerProtocol.MemberAssignment.decode(memberAssignment)?.assignment[this.topic] ?? [],
      ]),
    )
  }

  /** Resolves once so many members share the partitions. */
  async hasMembers(count) {
    for (;;) {
      const members = await this.members()
      if (members?.size === count) return members
      await sleep(100)
    }
  }

  close() {
    return this.#admin.disconnect()
  }
}
