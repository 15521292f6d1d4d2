import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { mkdtemp, open, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import { describe, expect, test } from '@jest/globals'
import { StdoutSink } from '../../src/sinks/stdout.js'
import { describeSink } from '../contract/sink-contract.js'
import { failure, traffic } from '../support/documents.js'

describeSink(
  'stdout',
  async () => {
    const directory = await mkdtemp(join(tmpdir(), 'hangup-stdout-'))
    const path = join(directory, 'documents.ndjson')
    return {
      open: async () => {
        const output = createWriteStream(path, { flags: 'a' })
        const sink = new StdoutSink(output, { traffic: true })
        return {
          name: sink.name,
          write: (documents) => sink.write(documents),
          close: async () => {
            await sink.close()
            output.end()
            await once(output, 'close')
          },
        }
      },
      stored: async () =>
        (await readFile(path, 'utf8'))
          .split('\n')
          .slice(0, -1)
          .map((line) => JSON.parse(line)),
      remove: () => rm(directory, { recursive: true, force: true }),
    }
  },
  { keyed: false },
)

describe('StdoutSink', () => {
  test('writes failures alone unless traffic is asked for', async () => {
    const output = new PassThrough()
    await new StdoutSink(output).write([traffic(), failure(), traffic()])
    expect(String(output.read())).toBe(`${JSON.stringify(failure().document)}\n`)
  })

  test('does not resolve before a slow reader has taken everything', async () => {
    const taken: string[] = []
    const waiting: (() => void)[] = []
    const output = new Writable({
      highWaterMark: 1,
      decodeStrings: false,
      write(text: string, _, done) {
        taken.push(text)
        waiting.push(done)
      },
    })
    let resolved = false
    const documents = Array.from({ length: 500 }, (_, index) => failure({ id: `id-${index}` }))
    const written = new StdoutSink(output).write(documents).then(() => {
      resolved = true
    })
    while (!resolved) {
      await new Promise(setImmediate)
      expect(waiting.length).toBeLessThanOrEqual(1)
      const done = waiting.shift()
      if (done !== undefined) expect(resolved).toBe(false)
      done?.()
    }
    await written
    expect(taken.length).toBeGreaterThan(1)
    expect(taken.join('').split('\n')).toHaveLength(501)
  })

  test('says so when the reader has gone, and the process lives on', async () => {
    const reader = spawn(process.execPath, ['-e', ''], { stdio: ['pipe', 'ignore', 'ignore'] })
    await once(reader, 'exit')
    const sink = new StdoutSink(reader.stdin)
    const writing = async () => {
      for (let batch = 0; batch < 100; batch++) await sink.write([failure()])
    }
    await expect(writing()).rejects.toMatchObject({ name: 'PermanentError', code: 'output_failed' })
    await expect(sink.write([failure()])).rejects.toMatchObject({ code: 'output_failed' })
  })

  test('tells a full disk from a reader that has gone', async () => {
    const file = await open('/dev/full', 'w').catch(() => null)
    if (file === null) return
    const sink = new StdoutSink(file.createWriteStream())
    await expect(sink.write([failure()])).rejects.toMatchObject({ name: 'PermanentError', code: 'disk_full' })
  })
})
