import { expect, test } from '@jest/globals'
import { Member, openProducer, sleep, Topics, until, values } from './support.js'

const cluster = JSON.parse(process.env.HANGUP_TEST_KAFKA_CLUSTER ?? '{}') as { brokers?: string[] }
const topics = new Topics(cluster.brokers ?? [])
const node = async (action: 'kill' | 'stop' | 'start', id: number): Promise<void> => {
  const { execFile } = await import('node:child_process')
  const { promisify } = await import('node:util')
  const launcher = process.env.HANGUP_TEST_KAFKA_LAUNCHER ?? ''
  const directory = process.env.HANGUP_TEST_KAFKA_DIRECTORY ?? ''
  await promisify(execFile)(process.execPath, [launcher, action, directory, '--node', String(id)])
}

const run = cluster.brokers === undefined ? test.skip : test

run(
  'nothing that was acknowledged is lost when leaders move, and a member reads on',
  async () => {
    await topics.admin.connect()
    const topic = await topics.make(6, { replicationFactor: 3, config: { 'min.insync.replicas': '2' } })
    const member = new Member({ brokers: cluster.brokers!, topic, groupId: `group-of-${topic}` })
    const told: string[] = []
    const retry = {
      pause: (milliseconds: number) => sleep(Math.min(milliseconds, 1_000)),
      random: () => 0.5,
      onRetry: ({ message }: Error) => told.push(message),
    }
    const producer = openProducer(cluster.brokers!, topic, { retry })
    const sent: string[] = []
    let isOver = false
    const writers = Array.from({ length: 6 }, async (_, partition) => {
      for (let number = 0; !isOver; number += 20) {
        const messages = values(partition, 20, number)
        await producer.send(partition, messages)
        sent.push(...messages.map(({ value }) => String(value)))
        await sleep(20)
      }
    })
    await until('it reads', () => member.values.length > 500)
    await node('kill', 2)
    await sleep(15_000)
    await node('start', 2)
    await sleep(4_000)
    await node('stop', 1)
    await sleep(5_000)
    await node('start', 1)
    isOver = true
    await Promise.all(writers)
    await until('all is read', () => new Set(member.values).size >= sent.length, 60_000)
    const read = new Set(member.values)
    expect(sent.filter((value) => !read.has(value))).toEqual([])
    expect(await member.commit('end')).toEqual([])
    await producer.close()
    await member.stop()
    await topics.admin.disconnect()
    expect(member.values).toHaveLength(read.size)
  },
  180_000,
)
