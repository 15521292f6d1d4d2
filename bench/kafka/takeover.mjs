import fs from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import kafkajs from 'kafkajs'
import { Group } from './group.mjs'
import { Instance } from './instance.mjs'

const { Kafka, logLevel } = kafkajs
const PARTITIONS = 4
const PER_TICK = 10
const TICK_MS = 50
const LOOK_MS = 50

/**
 * Two instances share a topic into which lines flow; one of them ends by `signal`. Resolves to the milliseconds until the
 * other has stored documents of all partitions that it had, and until it has committed for all of them.
 */
export async function takeover({ kafka, scratch, signal, round }) {
  const topic = `takeover-${signal}-${round}`
  await kafka.createTopic(topic, { partitions: PARTITIONS })
  const flow = await Flow.start(kafka.brokers, topic)
  const group = await Group.connect(kafka.brokers, topic, topic)
  const start = (name) =>
    new Instance({ name: path.join(topic, name), scratch, brokers: kafka.brokers, topic, group: topic })
  const stays = start('stays')
  let leaves = null
  try {
    const [[first]] = await group.hasMembers(1)
    leaves = start('leaves')
    const members = await group.hasMembers(2)
    const [, partitions] = [...members].find(([member]) => member !== first)
    const before = await group.committed()
    // Each of its partitions has been committed by it, and the last lines came a moment ago.
    await advanced(group, partitions, before)
    await sleep(Math.random() * 1_000)
    leaves.child.kill(signal)
    const endedMs = performance.now()
    const stored = documentsOf(stays, topic, partitions)
    if (signal === 'SIGKILL') await leaves.ended
    // Of what it has committed until its end.
    const last = await (signal === 'SIGKILL' ? group.committed() : leaves.ended.then(() => group.committed()))
    const times = await advanced(group, partitions, last)
    return { storedMs: (await stored) - endedMs, committedMs: Math.max(...times) - endedMs }
  } finally {
    for (const instance of [stays, leaves]) instance?.child.kill('SIGKILL')
    await flow.stop()
    await group.close()
  }
}

/** Resolves to the time at which an instance has given out something new of each of the partitions. */
async function documentsOf({ output }, topic, partitions) {
  const from = fs.statSync(output).size
  for (;;) {
    const text = fs.readFileSync(output, 'utf8').slice(from)
    if (partitions.every((partition) => text.includes(`"partition":"${topic}/${partition}/`))) return performance.now()
    await sleep(LOOK_MS)
  }
}

/** Resolves to the times at which more was committed for each of the partitions. */
async function advanced(group, partitions, before) {
  const times = new Map()
  while (times.size < partitions.length) {
    const committed = await group.committed()
    for (const partition of partitions) {
      const isMore = (committed.get(partition) ?? 0) > (before.get(partition) ?? 0)
      if (isMore && !times.has(partition)) times.set(partition, performance.now())
    }
    await sleep(LOOK_MS)
  }
  return [...times.values()]
}

/** Lines of one gateway process in each partition, at the time of the clock. */
class Flow {
  #isOver = false
  #running

  static async start(brokers, topic) {
    const producer = new Kafka({ brokers, logLevel: logLevel.NOTHING }).producer({
      createPartitioner:
        () =>
        ({ message }) =>
          message.partition,
    })
    await producer.connect()
    return new Flow(producer, topic)
  }

  constructor(producer, topic) {
    this.#running = this.#run(producer, topic)
  }

  async #run(producer, topic) {
    for (let number = 0; !this.#isOver; number++) {
      for (let partition = 0; partition < PARTITIONS; partition++) {
        const messages = Array.from({ length: PER_TICK }, (_, index) => ({
          partition,
          value: lineOf(number * PER_TICK + index),
          headers: { 'hangup-path': `/var/tmp/edgemicro-gw-${partition}-1-api.log`, 'hangup-host': `gw-${partition}` },
        }))
        await producer.send({ topic, messages })
      }
      await sleep(TICK_MS)
    }
    await producer.disconnect()
  }

  stop() {
    this.#isOver = true
    return this.#running
  }
}

function lineOf(number) {
  const id = `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`
  return `${new Date().toISOString()} [info][10.0.0.9:8080][1][acme][test][/emg_x/a][10.1.1.1][][${id}][plugins-middleware][targetRequest][GET][][][][0]`
}
