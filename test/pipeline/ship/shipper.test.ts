import { expect, test } from '@jest/globals'
import { type ShippedMessage, Shipper } from '../../../src/pipeline/ship/shipper.js'
import { Redactor } from '../../../src/redact/redactor.js'
import { blockOf, clientHalf, infoLine, logSource, targetHalf } from '../../support/lines.js'

const redactor = new Redactor({ clientId: 'hash', query: 'drop', text: 'mask' }, Buffer.alloc(32, 1))

interface Setting {
  readonly messageBytes?: number
  readonly write?: (messages: readonly ShippedMessage[]) => Promise<void>
}

function shipperTo({ messageBytes = 0, write = async () => {} }: Setting = {}) {
  const written: ShippedMessage[] = []
  const shipper = new Shipper({
    redactor,
    machine: 'this-machine',
    messageBytes,
    sink: {
      maxWrites: 2,
      write: async (messages) => {
        await write(messages)
        written.push(...messages)
      },
    },
  })
  return { shipper, written }
}

const LINES = [infoLine({ at: 0, clientId: 's3cret-key-0123456789' }), targetHalf({ at: 1 }), clientHalf({ at: 2 })]
const text = `${LINES.join('\n')}\n`
const STARTS = [0, LINES[0].length + 1, LINES[0].length + LINES[1].length + 2]
const source = logSource({ path: '/logs/a.log', partition: 'gw-1/u', gateway: 'gw-1' })

test('a message tells the host of its lines, their file and their places there, and no secret', async () => {
  const { shipper, written } = shipperTo({ messageBytes: 16_384 })
  shipper.add(blockOf(text, { source }))
  await shipper.finish()
  expect(written).toHaveLength(1)
  const [{ key, value, headers }] = written
  expect(key).toBe('gw-1:gw-1/u')
  expect(headers).toMatchObject({ 'hangup-path': '/logs/a.log', 'hangup-host': 'gw-1', 'hangup-offset': '0' })
  const lines = String(value).split('\n')
  expect(lines).toHaveLength(3)
  expect(lines[1]).toBe(LINES[1].replace('k-3f9a7c55e1', 'key:26d141c0738ecb3c'))
  expect(String(value)).not.toContain('s3cret')
  const [first, second] = lines.map(({ length }) => length + 1)
  const shifts = [STARTS[1] - first, STARTS[2] - STARTS[1] - second]
  expect(headers['hangup-pieces']).toBe(`${first},${shifts[0]},${second},${shifts[1]}`)
  expect([shipper.pushed, shipper.stored]).toEqual([3, 3])
})

test('each line is a message of its own where no two fit together', async () => {
  const { shipper, written } = shipperTo({ messageBytes: 0 })
  shipper.add(blockOf(text, { source }))
  await shipper.finish()
  expect(written.map(({ key }) => key)).toEqual(['gw-1:gw-1/u', 'gw-1:gw-1/u', 'gw-1:gw-1/u'])
  expect(written.map(({ headers }) => headers)).toEqual(
    STARTS.map((start) => ({
      'hangup-path': '/logs/a.log',
      'hangup-host': 'gw-1',
      'hangup-offset': String(start),
    })),
  )
  expect(written.map(({ value }) => String(value)).join()).not.toContain('\n')
  expect([shipper.pushed, shipper.stored]).toEqual([3, 3])
})

test('lines do not wait for others to fill a message, and those of two files share none', async () => {
  const { shipper, written } = shipperTo({ messageBytes: 16_384 })
  const other = logSource({ path: '/logs/b.log', partition: 'gw-1/u', gateway: 'gw-1' })
  shipper.add(blockOf(text, { source }))
  shipper.add(blockOf(text, { source: other }))
  await shipper.give()
  await shipper.finish()
  expect(written.map(({ headers, count }) => [headers['hangup-path'], count])).toEqual([
    ['/logs/a.log', 3],
    ['/logs/b.log', 3],
  ])
})

test('a file whose name tells no host is of this machine', async () => {
  const { shipper, written } = shipperTo()
  shipper.add(blockOf(text, { source: logSource({ path: '/logs/x.log', partition: '/logs/x.log', gateway: null }) }))
  await shipper.finish()
  expect(written[0]).toMatchObject({ key: 'this-machine:/logs/x.log', headers: { 'hangup-host': 'this-machine' } })
})

test('lines count as stored once the brokers have them, and a failure is told to whoever gives more', async () => {
  let fail = (_: Error): void => {}
  const { shipper } = shipperTo({ write: () => new Promise((_, reject) => (fail = reject)) })
  shipper.add(blockOf(text))
  await shipper.give()
  shipper.flush(blockOf(text).source.partition)
  await shipper.give()
  expect(shipper.pushed).toBeGreaterThan(0)
  expect(shipper.stored).toBe(0)
  fail(new Error('brokers are gone for good'))
  await expect(shipper.finish()).rejects.toThrow('gone for good')
})
