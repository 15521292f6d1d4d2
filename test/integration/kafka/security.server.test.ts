import { expect, test } from '@jest/globals'
import { describeTopic } from '../../../src/sources/kafka/admin.js'
import type { KafkaSecurity } from '../../../src/sources/kafka/security.js'
import { Member, openProducer, values } from './support.js'

const [host, port] = (process.env.HANGUP_TEST_KAFKA ?? '').split(':')
const plaintext = `${host}:${port}`
const saslPlaintext = `${host}:${Number(port) + 2}`
const saslTls = `${host}:${Number(port) + 3}`
const ca = process.env.HANGUP_TEST_KAFKA_CA ?? ''

const PLAIN = { mechanism: 'plain', username: 'plainuser', password: 'plain-secret' } as const
const SCRAM = { username: 'scramuser', password: 'scram-secret' }

function describe(broker: string, security: KafkaSecurity) {
  return describeTopic({ brokers: [broker], security, clientId: 'hangup-test' }, 'nowhere')
}

test.each([
  ['plain', saslPlaintext, { tls: false, sasl: PLAIN }],
  ['scram-sha-256', saslPlaintext, { tls: false, sasl: { ...SCRAM, mechanism: 'scram-sha-256' as const } }],
  ['scram-sha-512', saslPlaintext, { tls: false, sasl: { ...SCRAM, mechanism: 'scram-sha-512' as const } }],
  ['scram-sha-512 over TLS', saslTls, { tls: true, ca, sasl: { ...SCRAM, mechanism: 'scram-sha-512' as const } }],
])('%s logs in', async (_, broker, security) => {
  expect(await describe(broker, security)).toBeNull()
})

test.each([
  ['a wrong password (plain)', saslPlaintext, { tls: false, sasl: { ...PLAIN, password: 'not-this-one' } }],
  [
    'a wrong password (scram)',
    saslPlaintext,
    { tls: false, sasl: { ...SCRAM, mechanism: 'scram-sha-256' as const, password: 'not-this-one' } },
  ],
  ['an authority that is not known', saslTls, { tls: true, sasl: PLAIN }],
])('%s is refused for good, and the message holds no secret', async (_, broker, security) => {
  const error = await describe(broker, security).catch((fault: Error) => fault)
  expect(error).toMatchObject({ name: 'PermanentError', code: 'broker_denied' })
  expect(JSON.stringify([error, String(error), (error as Error).cause])).not.toContain('not-this-one')
  const member = new Member({ brokers: [broker], security, topic: 'nowhere', groupId: 'denied' })
  expect(await member.ended).toMatchObject({ name: 'PermanentError', code: 'broker_denied' })
  const producer = openProducer([broker], 'nowhere', { security })
  await expect(producer.send(0, values(0, 1))).rejects.toMatchObject({ name: 'PermanentError', code: 'broker_denied' })
  await producer.close()
})

test('TLS to a port that speaks none, and a port where nothing is, may pass', async () => {
  for (const [broker, tls] of [
    [plaintext, true],
    [`${host}:1`, false],
  ] as const) {
    const error = await describe(broker, { tls }).catch((fault: Error) => fault)
    expect(error).toMatchObject({ code: expect.stringMatching(/^broker_(?:unreachable|denied)$/) })
  }
})

test('a certificate that cannot be read is told at once', async () => {
  await expect(describe(saslTls, { tls: true, ca: '/nowhere/ca.pem' })).rejects.toMatchObject({
    name: 'ConfigError',
    message: "cannot read the certificate authority's certificate: /nowhere/ca.pem (ENOENT)",
  })
})

test('a member waits for brokers that are away, says so, and ends at once when it is stopped', async () => {
  const member = new Member({ brokers: [`${host}:1`], topic: 'nowhere', groupId: 'waits' })
  while (member.problems.length === 0) await new Promise((resolve) => setTimeout(resolve, 50))
  expect(member.problems[0]).toMatchObject({ name: 'TransientError', code: 'broker_unreachable' })
  const start = Date.now()
  expect(await member.stop()).toBeNull()
  expect(Date.now() - start).toBeLessThan(3_000)
})
