import { PassThrough, Writable } from 'node:stream'
import { expect, test } from '@jest/globals'
import { flushOutput, writeOutput } from '../../../src/cli/terminal/write.js'

function failing(code: string): Writable {
  const stream = new Writable({ write: (_chunk, _encoding, done) => done(Object.assign(new Error(code), { code })) })
  return stream.on('error', () => {})
}

function closed(stream: Writable): Promise<void> {
  return new Promise((resolve) => stream.once('close', () => resolve()))
}

test('waits while the reader is slow', async () => {
  const stream = new PassThrough({ highWaterMark: 4 })
  let written = false
  const writing = writeOutput(stream, 'longer than four').then(() => {
    written = true
  })
  await Promise.resolve()
  expect(written).toBe(false)
  stream.resume()
  await writing
  expect(written).toBe(true)
})

test.each([
  ['nobody reads any more', 'EPIPE', 'output_failed'],
  ['the disk is full', 'ENOSPC', 'disk_full'],
])('fails for good when %s', async (_name, systemError, code) => {
  const stream = failing(systemError)
  stream.write('first')
  await closed(stream)
  await expect(writeOutput(stream, 'second')).rejects.toMatchObject({ code })
})

test('does not wait for ever when the reader goes while it waits', async () => {
  const stream = new PassThrough({ highWaterMark: 1 }).on('error', () => {})
  const writing = writeOutput(stream, 'abc')
  stream.destroy(Object.assign(new Error('gone'), { code: 'EPIPE' }))
  await expect(writing).rejects.toMatchObject({ code: 'output_failed' })
})

test('a flush resolves on a stream that has failed', async () => {
  const stream = failing('EPIPE')
  stream.write('x')
  await closed(stream)
  await expect(flushOutput(stream)).resolves.toBeUndefined()
})
