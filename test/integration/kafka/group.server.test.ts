import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { type KafkaServer, startKafka } from '../../support/kafka/server.mjs'
import { Member, MemberProcess, sleep, Topics, until } from './support.js'

let server: KafkaServer
let brokers: readonly string[]
let topics: Topics
const members: (Member | MemberProcess)[] = []
let topic = ''
let groupId = ''

beforeAll(async () => {
  server = await startKafka()
  brokers = server.brokers
  topics = new Topics(brokers)
  await topics.admin.connect()
})
afterAll(async () => {
  await topics?.admin.disconnect()
  await server?.remove()
})
afterEach(async () => {
  for (const each of members.splice(0)) await (each instanceof Member ? each.stop() : each.end('SIGKILL'))
})

async function fresh(partitions: number): Promise<void> {
  topic = await topics.make(partitions)
  groupId = `group-of-${topic}`
}

function join(options: object = {}): Member {
  const member = new Member({ brokers, topic, groupId, ...options })
  members.push(member)
  return member
}

function joinProcess(options: object = {}): MemberProcess {
  const member = new MemberProcess({ brokers, topic, groupId, ...options })
  members.push(member)
  return member
}

describe('two members of a group', () => {
  test('share the partitions; what stays is kept, and what the other leaves is gained with its position', async () => {
    await fresh(4)
    await topics.fill(topic, 4, 10)
    const one = join()
    await until('all is read', () => one.values.length === 40)
    expect(one.assignments).toEqual([
      {
        kind: 'assigned',
        gained: [0, 1, 2, 3].map((partition) => ({ partition, committed: null })),
        kept: [],
        lost: [],
      },
    ])
    expect(await one.commit('floor')).toEqual([])

    const two = join()
    await until('they share', () => one.assignments.length > 1 && two.assignments.length > 0)
    const [, { gained, kept, lost }] = one.assignments
    expect(gained).toEqual([])
    expect([...kept, ...lost].sort()).toEqual([0, 1, 2, 3])
    expect(kept).toHaveLength(2)
    expect(two.assignments[0].gained).toEqual(
      lost.map((partition) => ({ partition, committed: { offset: 10, metadata: 'floor' } })),
    )

    await topics.fill(topic, 4, 5, 10)
    await until('all is read', () => one.values.length + two.values.length === 60)
    expect(one.values.slice(40).every((value) => kept.includes(Number(value[0])))).toBe(true)
    const left = Date.now()
    expect(await two.commit('two')).toEqual([])
    await two.stop()
    await until('the other takes over', () => one.assignments.length > 2)
    // Sooner than its session would have ended.
    expect(Date.now() - left).toBeLessThan(8_000)
    expect(one.assignments[2]).toEqual({
      kind: 'assigned',
      gained: lost.map((partition) => ({ partition, committed: { offset: 15, metadata: 'two' } })),
      kept,
      lost: [],
    })
  })

  test('take over from one that is killed, within its session', async () => {
    await fresh(2)
    const one = join({ sessionTimeoutMs: 6_000 })
    await until('it has joined', () => one.assignments.length === 1)
    const two = joinProcess({ sessionTimeoutMs: 6_000 })
    await until('they share', () => two.of('assigned').length > 0 && one.assignments.length > 1)
    await topics.fill(topic, 2, 10)
    await until('both commit', () => two.of('committed').length > 0 && one.values.length === 10)
    await one.commit('one')
    await two.end('SIGKILL')
    const killed = Date.now()
    await until('the other takes over', () => one.assignments.length > 2)
    expect(Date.now() - killed).toBeLessThan(20_000)
    const [gained] = one.assignments[2].gained
    expect(gained.committed).toEqual({ offset: 10, metadata: `by ${two.child.pid}` })
    await topics.fill(topic, 2, 1, 10)
    await until('it reads both', () => one.values.includes('0:10') && one.values.includes('1:10'))
    expect(one.values).toHaveLength(12)
  })
})

describe('a commit', () => {
  test('for a partition that went to another commits nothing, also later', async () => {
    await fresh(2)
    await topics.fill(topic, 2, 10)
    const one = join()
    await until('all is read', () => one.values.length === 20)
    const positions = [...one.positions]
    const two = join()
    await until('they share', () => one.assignments.length > 1 && two.values.length === 10)
    const [lost] = one.assignments[1].lost
    const [kept] = one.assignments[1].kept
    await two.commit('two')
    const commits = positions.map(([partition, offset]) => ({ partition, offset: offset - 3, metadata: 'one' }))
    expect(await one.reader.commit(commits)).toEqual([lost])
    const committed = await topics.committed(groupId, topic)
    expect(committed[lost]).toEqual(['10', 'two'])
    expect(committed[kept]).toEqual(['7', 'one'])
  })

  test('that comes while the group is shared out anew waits for the outcome', async () => {
    await fresh(4)
    await topics.fill(topic, 4, 10)
    const one = join()
    await until('all is read', () => one.values.length === 40)
    const two = join()
    const outcomes: (readonly number[])[] = []
    while (one.assignments.length < 2) outcomes.push(await one.commit('one'))
    const { lost, kept } = one.assignments[1]
    outcomes.push(await one.commit('after'))
    expect([...outcomes.at(-1)!].sort()).toEqual([...lost].sort())
    const committed = await topics.committed(groupId, topic)
    for (const partition of kept) expect(committed[partition]).toEqual(['10', 'after'])
    await until('the other is told', () => two.assignments.length === 1)
  })

  test('is possible after the end of reading, where the member stays until it is closed', async () => {
    await fresh(1)
    await topics.fill(topic, 1, 10)
    const one = join({ staysUntilClosed: true })
    await until('all is read', () => one.values.length === 10)
    await one.stop()
    await sleep(1_500)
    expect(await one.commit('last')).toEqual([])
    await one.reader.close()
    expect(await topics.committed(groupId, topic)).toEqual([['10', 'last']])
    expect(await one.commit('too late')).toEqual([0])
  })
})

describe('a member', () => {
  test('that holds a batch for longer than its session stays a member, and keeps what it has', async () => {
    await fresh(2)
    await topics.fill(topic, 2, 10)
    const one = join({ sessionTimeoutMs: 6_000 })
    one.hold()
    await until('it has joined', () => one.assignments.length === 1)
    one.release()
    one.hold()
    await until('it holds a batch', () => one.values.length > 0)
    await sleep(9_000)
    expect(await one.commit('held')).toEqual([])
    one.release()
    await until('all is read', () => one.values.length === 20)
    expect(one.assignments).toHaveLength(1)
    expect(one.problems).toEqual([])
  })

  test('that holds a batch lets another join meanwhile', async () => {
    await fresh(2)
    await topics.fill(topic, 2, 10)
    const one = join()
    await until('it has joined', () => one.assignments.length === 1)
    one.hold()
    await topics.fill(topic, 2, 10, 10)
    const two = join()
    await until('the other reads', () => two.values.length > 0, 15_000)
    one.release()
    await until('all is read', () => new Set([...one.values, ...two.values]).size === 40)
    await until('it is told', () => one.assignments.length > 1)
    const { lost } = one.assignments[1]
    const after = one.events.slice(one.events.indexOf(one.assignments[1]))
    expect(after.filter((event) => event.kind === 'batch' && lost.includes(event.batch.partition))).toEqual([])
  })

  test('that stood still for longer than its session starts afresh with what another had meanwhile', async () => {
    await fresh(1)
    const one = joinProcess({ sessionTimeoutMs: 6_000 })
    await until('it has joined', () => one.of('assigned').length === 1)
    await topics.fill(topic, 1, 10)
    await until('it commits', () => one.of('committed').length === 1)
    const two = join({ sessionTimeoutMs: 6_000 })
    await until('both have joined', () => two.assignments.length === 1 && one.of('assigned').length > 1)
    one.child.kill('SIGSTOP')
    await topics.fill(topic, 1, 10, 10)
    await until('the other took over', () => two.values.length === 10)
    expect(await two.commit('two')).toEqual([])
    one.child.kill('SIGCONT')
    await until('the first is back', () => one.of('assigned').length > 2)
    await two.stop()
    await until('the first has it again', () => (one.of('assigned').at(-1)!.gained as unknown[]).length > 0)
    const told = one.of('assigned').slice(1)
    expect(told.flatMap(({ lost }) => lost)).toEqual([0])
    expect(told.at(-1)!.gained).toEqual([{ partition: 0, committed: { offset: 20, metadata: 'two' } }])
    expect(one.values).toHaveLength(10)
  })

  test('keeps its partition where nobody else had it while it stood still', async () => {
    await fresh(1)
    const one = joinProcess({ sessionTimeoutMs: 6_000 })
    await topics.fill(topic, 1, 10)
    await until('it commits', () => one.of('committed').length === 1)
    one.child.kill('SIGSTOP')
    await until('its session ends', async () => {
      const { groups } = await topics.admin.describeGroups([groupId])
      return groups[0].members.length === 0
    })
    one.child.kill('SIGCONT')
    await until('it is back', () => one.of('assigned').length > 1)
    expect(one.of('assigned')[1]).toMatchObject({ gained: [], kept: [0], lost: [] })
    await topics.fill(topic, 1, 10, 10)
    await until('it reads on', () => one.values.length === 20)
  })

  test('notices partitions that are added', async () => {
    await fresh(1)
    const one = join({ metadataMaxAgeMs: 1_000 })
    await until('it has joined', () => one.assignments.length === 1)
    await topics.admin.createPartitions({ topicPartitions: [{ topic, count: 3 }] })
    await until('it has them', () => one.assignments.length > 1)
    expect(one.assignments[1]).toMatchObject({ kept: [0], lost: [] })
    expect(one.assignments[1].gained.map(({ partition }) => partition)).toEqual([1, 2])
    await topics.fill(topic, 3, 2)
    await until('it reads them', () => one.values.length === 6)
  })

  test('waits for messages of an empty topic', async () => {
    await fresh(2)
    const one = join()
    await until('it has joined', () => one.assignments.length === 1)
    await sleep(1_500)
    expect(one.values).toEqual([])
    await topics.fill(topic, 2, 1)
    await until('it reads', () => one.values.length === 2)
  })

  test('is told of a topic that is not there', async () => {
    topic = 'nowhere'
    groupId = 'of-nowhere'
    expect(await join().ended).toMatchObject({ name: 'ConfigError', code: 'topic_not_found' })
  })

  test('begins where messages are, when what was committed is deleted, and says how many are lost', async () => {
    await fresh(1)
    await topics.fill(topic, 1, 10)
    const one = join()
    await until('all is read', () => one.values.length === 10)
    await one.reader.commit([{ partition: 0, offset: 4, metadata: 'x' }])
    await one.stop()
    await topics.deleteBefore(topic, 0, 7)
    const two = join()
    await until('it reads', () => two.values.length === 3)
    expect(two.values).toEqual(['0:7', '0:8', '0:9'])
    expect(two.problems.map(({ message }) => message)).toEqual([
      `messages were deleted before they were read: ${topic}/0 (3)`,
    ])
  })

  test('reads on where messages are, when they are deleted under its hands', async () => {
    await fresh(1)
    await topics.fill(topic, 1, 10)
    const one = join({ startOf: () => 'end' })
    await until('it has joined', () => one.assignments.length === 1)
    one.hold()
    await topics.fill(topic, 1, 1, 10)
    await until('it holds a batch', () => one.values.length === 1)
    await topics.fill(topic, 1, 10, 11)
    await topics.deleteBefore(topic, 0, 15)
    one.release()
    await until('it reads', () => one.values.includes('0:20'))
    expect(one.values).toEqual(['0:10', '0:15', '0:16', '0:17', '0:18', '0:19', '0:20'])
    expect(one.problems.map(({ message }) => message)).toEqual([
      `messages were deleted before they were read: ${topic}/0 (4)`,
    ])
  })
})
