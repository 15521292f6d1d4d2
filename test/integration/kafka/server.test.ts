import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { Kafka } from 'kafkajs'
import { endKafka, type KafkaServer, nodePid, startKafka } from '../../support/kafka/server.mjs'
import { client, consume, eventually, send } from './clients.js'

describe('a server', () => {
  let server: KafkaServer
  let kafka: Kafka

  beforeAll(async () => {
    server = await startKafka()
    kafka = client(server.brokers)
  })

  afterAll(() => server?.remove())

  test('has topics with the partitions and the configuration that were asked for', async () => {
    await server.createTopic('made', { partitions: 3, config: { 'retention.ms': 1234 } })
    await server.addPartitions('made', 5)
    expect(await server.leaderOf('made', 4)).toBe(1)
    await expect(server.leaderOf('made', 5)).rejects.toThrow('has no partition 5')

    const admin = kafka.admin()
    await admin.connect()
    const resource = { type: 2, name: 'made', configNames: ['retention.ms'] }
    const { resources } = await admin.describeConfigs({ resources: [resource], includeSynonyms: false })
    await admin.disconnect()
    expect(resources[0].configEntries).toMatchObject([{ configName: 'retention.ms', configValue: '1234' }])
  })

  test('has what it acknowledged, and its port, still after a crash', async () => {
    await server.createTopic('kept', { partitions: 2 })
    await send(kafka, 'kept', 0, ['a', 'b'])
    const { brokers } = server
    const pid = server.pid()
    await server.kill()
    expect(server.pid()).toBeNull()
    await expect(send(kafka, 'kept', 0, ['lost'])).rejects.toThrow('ECONNREFUSED')

    await server.restart()
    expect(server.pid()).not.toBe(pid)
    expect(server.brokers).toEqual(brokers)
    await send(kafka, 'kept', 1, ['c'])
    expect((await consume(kafka, 'kept', 3)).sort()).toEqual(['a', 'b', 'c'])
  })

  test('that is paused answers when it is resumed, and no sooner', async () => {
    await server.createTopic('paused')
    await server.pause()
    let isStored = false
    const sending = send(client(server.brokers), 'paused', 0, ['a']).then(() => {
      isStored = true
    })
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(isStored).toBe(false)
    await server.resume()
    await sending
  })

  test('is the only one on its folder, and can be stopped while it is paused', async () => {
    await expect(startKafka({ dir: server.dir })).rejects.toThrow('runs on this folder already')
    await server.pause()
    await server.stop()
    expect(server.pid()).toBeNull()
    await expect(startKafka({ dir: server.dir, nodes: 3 })).rejects.toThrow('another kind of cluster')
  })
})

test('the older server does the same', async () => {
  const server = await startKafka({ profile: '3.9' })
  try {
    await server.createTopic('kept')
    await send(client(server.brokers), 'kept', 0, ['a'])
    await server.kill()
    await server.restart()
    expect(await consume(client(server.brokers), 'kept', 1)).toEqual(['a'])
  } finally {
    await server.remove()
  }
})

test('of three nodes, another leads when one is killed, with all that was acknowledged', async () => {
  const server = await startKafka({ nodes: 3, heapMb: 192 })
  try {
    const kafka = client(server.brokers, { retry: { retries: 30, initialRetryTime: 100, maxRetryTime: 1000 } })
    await server.createTopic('moved')
    const leader = await server.leaderOf('moved', 0)
    await send(kafka, 'moved', 0, ['a'])
    await server.kill(leader)
    await eventually('another node leads', async () => ![-1, leader].includes(await server.leaderOf('moved', 0)))
    await send(kafka, 'moved', 0, ['b'])
    await server.restart(leader)
    expect([1, 2, 3].map((node) => server.pid(node))).not.toContain(null)
    expect(await consume(kafka, 'moved', 2)).toEqual(['a', 'b'])
  } finally {
    await server.remove()
  }
})

describe('a secure server', () => {
  let server: KafkaServer
  let ca: Buffer

  beforeAll(async () => {
    server = await startKafka({ secure: true })
    ca = fs.readFileSync(server.caFile!)
    await server.createTopic('secret')
  })

  afterAll(() => server?.remove())

  const loginBy = (mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512', password: string): Kafka =>
    client(server.secureBrokers!, {
      ssl: { ca },
      // All members of this union have the same shape.
      sasl: { mechanism: mechanism as 'plain', username: server.username!, password },
    })

  test.each(['plain', 'scram-sha-256', 'scram-sha-512'] as const)(
    'accepts a login by %s, and not with a wrong password',
    async (mechanism) => {
      await send(loginBy(mechanism, server.password!), 'secret', 0, [mechanism])
      await expect(send(loginBy(mechanism, 'wrong'), 'secret', 0, ['lost'])).rejects.toThrow(/authentication/i)
    },
  )

  test('has its users still after a crash', async () => {
    await send(loginBy('plain', server.password!), 'secret', 0, ['kept'])
    await server.kill()
    await server.restart()
    expect(await consume(loginBy('scram-sha-512', server.password!), 'secret', 1)).toHaveLength(1)
  })

  test('refuses who does not log in, and is trusted by its authority alone', async () => {
    const without = client(server.secureBrokers!, { ssl: { ca }, retry: { retries: 0 } })
    await expect(send(without, 'secret', 0, ['lost'])).rejects.toThrow()
    const sasl = { mechanism: 'plain', username: server.username!, password: server.password! } as const
    const trusting = client(server.secureBrokers!, { ssl: true, sasl, retry: { retries: 0 } })
    await expect(send(trusting, 'secret', 0, ['lost'])).rejects.toThrow(/certificate/)
  })

  test('accepts the certificate of its client, and refuses who has none', async () => {
    const cert = fs.readFileSync(server.clientCertFile!)
    const key = fs.readFileSync(server.clientKeyFile!)
    await send(client(server.sslBrokers!, { ssl: { ca, cert, key } }), 'secret', 0, ['certified'])
    const without = client(server.sslBrokers!, { ssl: { ca }, retry: { retries: 0 } })
    await expect(send(without, 'secret', 0, ['lost'])).rejects.toThrow()
  })
})

describe('a start', () => {
  test('that fails says why', async () => {
    const dir = temporaryDirectory()
    const started = startKafka({ dir, settings: { 'num.io.threads': 'many' } })
    await expect(started).rejects.toThrow(/many for configuration num\.io\.threads/)
    fs.rmSync(dir, { recursive: true })
  })

  test.each(['starts', 'runs'])(
    'gives a server that ends with the process that started it, even where that is killed while it %s',
    async (moment) => {
      const dir = temporaryDirectory()
      const launcher = new URL('../../support/kafka/server.mjs', import.meta.url)
      const program = `
      import { startKafka } from ${JSON.stringify(launcher.href)}
      const server = await startKafka(${JSON.stringify({ dir })})
      setInterval(() => {}, 1_000)
      console.log(server.pid())`
      const starter = spawn(process.execPath, ['--input-type=module', '--eval', program], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      try {
        if (moment === 'runs') expect(Number((await once(starter.stdout, 'data'))[0])).toBe(nodePid(dir))
        else await eventually('the server has its process', async () => nodePid(dir) !== null)
        starter.kill('SIGKILL')
        await eventually('the server is gone', async () => nodePid(dir) === null)
      } finally {
        starter.kill('SIGKILL')
        await endKafka(dir, 'SIGKILL')
        fs.rmSync(dir, { recursive: true, force: true })
      }
    },
  )

  const temporaryDirectory = (): string => fs.mkdtempSync(path.join(os.tmpdir(), 'hangup-kafka-'))
})
