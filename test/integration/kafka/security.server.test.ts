import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { describeTopic } from '../../../src/sources/kafka/admin.js'
import type { KafkaSecurity } from '../../../src/sources/kafka/security.js'
import { type KafkaServer, startKafka } from '../../support/kafka/server.mjs'
import { Member, openProducer, until, values } from './support.js'

const NOBODY = '127.0.0.1:1'
const WRONG = 'not-this-one'
const MECHANISMS = ['plain', 'scram-sha-256', 'scram-sha-512'] as const

let server: KafkaServer
let withLogin: string
let withCertificate: string

beforeAll(async () => {
  server = await startKafka({ secure: true })
  withLogin = server.secureBrokers![0]
  withCertificate = server.sslBrokers![0]
})
afterAll(() => server?.remove())

function login(mechanism: (typeof MECHANISMS)[number], password = server.password!): KafkaSecurity {
  return { tls: true, ca: server.caFile, sasl: { mechanism, username: server.username!, password } }
}

function describe(broker: string, security: KafkaSecurity) {
  return describeTopic({ brokers: [broker], security, clientId: 'hangup-test' }, 'nowhere')
}

test.each(MECHANISMS)('%s logs in', async (mechanism) => {
  expect(await describe(withLogin, login(mechanism))).toBeNull()
})

test("a client's certificate is taken", async () => {
  const { caFile: ca, clientCertFile: certificate, clientKeyFile: key } = server
  const security = { tls: true, ca, certificate, key }
  expect(await describe(withCertificate, security)).toBeNull()
  await server.createTopic('certified')
  const producer = openProducer([withCertificate], 'certified', { security })
  await producer.send(0, values(0, 3))
  await producer.close()
  const member = new Member({ brokers: [withCertificate], security, topic: 'certified', groupId: 'certified' })
  await until('it reads', () => member.values.length === 3)
  expect(await member.commit()).toEqual([])
  expect(await member.stop()).toBeNull()
})

test.each<[string, () => [broker: string, security: KafkaSecurity]]>([
  ['a wrong password (plain)', () => [withLogin, login('plain', WRONG)]],
  ['a wrong password (scram)', () => [withLogin, login('scram-sha-256', WRONG)]],
  ['an authority that is not known', () => [withLogin, { ...login('plain'), ca: undefined }]],
  ['a client that has no certificate', () => [withCertificate, { tls: true, ca: server.caFile }]],
])('%s is refused for good, and the message holds no secret', async (_, attempt) => {
  const [broker, security] = attempt()
  const member = new Member({ brokers: [broker], security, topic: 'nowhere', groupId: 'denied' })
  const producer = openProducer([broker], 'nowhere', { security })
  // Side by side, for the client tries some of these for seconds.
  const faults = await Promise.all([
    describe(broker, security).catch((fault: Error) => fault),
    member.ended,
    producer.send(0, values(0, 1)).catch((fault: Error) => fault),
  ])
  await producer.close()
  for (const fault of faults) {
    expect(fault).toMatchObject({ name: 'PermanentError', code: 'broker_denied' })
    const told = JSON.stringify([fault, String(fault), (fault as Error).cause])
    for (const secret of [WRONG, server.password!]) expect(told).not.toContain(secret)
  }
})

test('TLS to a port that speaks none, and a port where nothing is, may pass', async () => {
  const attempts = [describe(server.brokers[0], { tls: true }), describe(NOBODY, { tls: false })]
  for (const outcome of await Promise.allSettled(attempts)) {
    const code = expect.stringMatching(/^broker_(?:unreachable|denied)$/)
    expect(outcome).toMatchObject({ status: 'rejected', reason: { code } })
  }
})

test('a certificate that cannot be read is told at once', async () => {
  await expect(describe(withLogin, { tls: true, ca: '/nowhere/ca.pem' })).rejects.toMatchObject({
    name: 'ConfigError',
    message: "cannot read the certificate authority's certificate: /nowhere/ca.pem (ENOENT)",
  })
})

test('a member waits for brokers that are away, says so, and ends at once when it is stopped', async () => {
  const member = new Member({ brokers: [NOBODY], topic: 'nowhere', groupId: 'waits' })
  await until('it says so', () => member.problems.length > 0)
  expect(member.problems[0]).toMatchObject({ name: 'TransientError', code: 'broker_unreachable' })
  const start = Date.now()
  expect(await member.stop()).toBeNull()
  expect(Date.now() - start).toBeLessThan(5_000)
})
