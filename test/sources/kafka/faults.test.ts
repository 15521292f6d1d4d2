import { describe, expect, test } from '@jest/globals'
import { KafkaJSConnectionError, KafkaJSNumberOfRetriesExceeded, KafkaJSProtocolError } from 'kafkajs'
import { Problems } from '../../../src/problems.js'
import { kafkaFault, protocolType } from '../../../src/sources/kafka/faults.js'
import { parts } from '../../../src/sources/kafka/requests.js'
import { beating } from '../../../src/sources/kafka/waiting.js'

const protocolError = (type: string): Error =>
  new KafkaJSProtocolError(Object.assign(new Error('broker says'), { type, code: 1, retriable: false }))

const wrapped = (error: Error): Error => new KafkaJSNumberOfRetriesExceeded(error, { retryCount: 5, retryTime: 1 })

describe('an error of kafkajs', () => {
  test.each([
    ['UNKNOWN_TOPIC_OR_PARTITION', 'ConfigError', 'topic_not_found'],
    ['TOPIC_AUTHORIZATION_FAILED', 'PermanentError', 'broker_denied'],
    ['GROUP_AUTHORIZATION_FAILED', 'PermanentError', 'broker_denied'],
    ['SASL_AUTHENTICATION_FAILED', 'PermanentError', 'broker_denied'],
    ['MESSAGE_TOO_LARGE', 'PermanentError', 'broker_refused'],
    ['INCONSISTENT_GROUP_PROTOCOL', 'PermanentError', 'broker_refused'],
    ['NOT_LEADER_FOR_PARTITION', 'TransientError', 'broker_unreachable'],
    ['REBALANCE_IN_PROGRESS', 'TransientError', 'broker_unreachable'],
  ])('%s is a %s, however deep it is wrapped', (type, name, code) => {
    for (const error of [protocolError(type), wrapped(protocolError(type)), wrapped(wrapped(protocolError(type)))]) {
      expect(kafkaFault(error, { what: 'cannot read: t' })).toMatchObject({
        name,
        code,
        message: `cannot read: t (${type})`,
      })
      expect(protocolType(error)).toBe(type)
    }
  })

  test.each([
    ['SELF_SIGNED_CERT_IN_CHAIN', 'broker_denied'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'broker_denied'],
    ['ECONNREFUSED', 'broker_unreachable'],
    ['ENOTFOUND', 'broker_unreachable'],
  ])('of a connection (%s) is %s', (code, ours) => {
    const error = wrapped(new KafkaJSConnectionError('Connection error', { broker: 'b:1', code }))
    expect(kafkaFault(error, { what: 'cannot read: t' }).message).toBe(`cannot read: t (${code})`)
    expect(kafkaFault(error, { what: 'cannot read: t' })).toMatchObject({ code: ours })
  })

  test('that is a bug stays what it is', () => {
    const bug = new TypeError('undefined is not a function')
    expect(kafkaFault(bug, { what: 'x' })).toBe(bug)
  })
})

test('the same kind of problem is told twice a minute at most', () => {
  const told: string[] = []
  let nowMs = 0
  const problems = new Problems(
    ({ message }) => told.push(message),
    () => nowMs,
  )
  const tell = (reason: string) => problems.tell(kafkaFault(new Error(reason), { what: 'cannot read: t' }) as never)
  tell('a')
  tell('b')
  nowMs = 30_000
  tell('c')
  expect(told).toEqual(['cannot read: t (a)', 'cannot read: t (c)'])
})

test('a long send is cut by its messages and its bytes, in order', () => {
  const of = (count: number, bytes: number) => Array.from({ length: count }, () => ({ value: Buffer.alloc(bytes) }))
  const sizes = (messages: ReturnType<typeof of>) => [...parts(messages)].map(({ length }) => length)
  expect(sizes([])).toEqual([])
  expect(sizes(of(2_500, 1))).toEqual([1_000, 1_000, 500])
  expect(sizes(of(5, 400_000))).toEqual([2, 2, 1])
  expect(sizes(of(2, 2_000_000))).toEqual([1, 1])
  const numbered = Array.from({ length: 1_001 }, (_, number) => ({ value: Buffer.from(`${number}`) }))
  expect([...parts(numbered)].flat()).toEqual(numbered)
})

test("a heartbeat's error ends the wait, and no heartbeat follows the work", async () => {
  await expect(
    beating(
      new Promise(() => {}),
      async () => {
        throw new Error('rebalancing')
      },
      5,
    ),
  ).rejects.toThrow('rebalancing')
  let beats = 0
  let end = (): void => {}
  const work = new Promise<void>((resolve) => {
    end = resolve
  })
  await beating(
    work,
    async () => {
      if (++beats === 2) end()
    },
    10,
  )
  const then = beats
  await new Promise((resolve) => setTimeout(resolve, 40))
  expect(beats).toBe(then)
})
