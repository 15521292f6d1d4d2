import { expect, test } from '@jest/globals'
import { Shipper } from '../../../src/pipeline/ship/shipper.js'
import { Redactor } from '../../../src/redact/redactor.js'
import type { OutgoingLine } from '../../../src/sinks/kafka/line-sink.js'
import { blockOf, clientHalf, infoLine, logSource, targetHalf } from '../../support/lines.js'

const redactor = new Redactor({ clientId: 'hash', query: 'drop', text: 'mask' }, Buffer.alloc(32, 1))

function shipperTo(write: (lines: readonly OutgoingLine[]) => Promise<void> = async () => {}) {
  const written: OutgoingLine[] = []
  const shipper = new Shipper({
    redactor,
    machine: 'this-machine',
    sink: {
      maxWrites: 2,
      write: async (lines) => {
        await write(lines)
        written.push(...lines)
      },
    },
  })
  return { shipper, written }
}

const LINES = [infoLine({ at: 0, clientId: 's3cret-key-0123456789' }), targetHalf({ at: 1 }), clientHalf({ at: 2 })]
const text = `${LINES.join('\n')}\n`

test('each line is a message that tells its host, its file and its place there, and no secret', async () => {
  const { shipper, written } = shipperTo()
  shipper.add(blockOf(text, { source: logSource({ path: '/logs/a.log', partition: 'gw-1/u', gateway: 'gw-1' }) }))
  await shipper.finish()
  expect(written.map(({ key }) => key)).toEqual(['gw-1:gw-1/u', 'gw-1:gw-1/u', 'gw-1:gw-1/u'])
  const starts = [0, LINES[0].length + 1, LINES[0].length + LINES[1].length + 2]
  expect(written.map(({ headers }) => headers)).toEqual(
    starts.map((start) => ({
      'hangup-path': '/logs/a.log',
      'hangup-host': 'gw-1',
      'hangup-offset': String(start),
    })),
  )
  expect(String(written[1].value)).toBe(LINES[1].replace('k-3f9a7c55e1', 'key:26d141c0738ecb3c'))
  expect(written.map(({ value }) => String(value)).join()).not.toContain('s3cret')
  expect(written.map(({ value }) => String(value)).join()).not.toContain('\n')
  expect([shipper.pushed, shipper.stored]).toEqual([3, 3])
})

test('a file whose name tells no host is of this machine', async () => {
  const { shipper, written } = shipperTo()
  shipper.add(blockOf(text, { source: logSource({ path: '/logs/x.log', partition: '/logs/x.log', gateway: null }) }))
  await shipper.finish()
  expect(written[0]).toMatchObject({ key: 'this-machine:/logs/x.log', headers: { 'hangup-host': 'this-machine' } })
})

test('lines count as stored once the brokers have them, and a failure is told to whoever gives more', async () => {
  let fail = (_: Error): void => {}
  const { shipper } = shipperTo(() => new Promise((_, reject) => (fail = reject)))
  shipper.add(blockOf(text))
  await shipper.give()
  shipper.flush(blockOf(text).source.partition)
  await shipper.give()
  expect(shipper.pushed).toBeGreaterThan(0)
  expect(shipper.stored).toBe(0)
  fail(new Error('brokers are gone for good'))
  await expect(shipper.finish()).rejects.toThrow('gone for good')
})
