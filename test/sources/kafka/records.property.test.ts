import '../../support/property-seed.js'
import { execFileSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type RecordContext, recordDecoder } from '../../../src/sources/kafka/records.js'
import { projectDirectory } from '../../support/cli.js'

const require = createRequire(import.meta.url)
const Decoder = require('kafkajs/src/protocol/decoder.js')
const encode = require('kafkajs/src/protocol/recordBatch/record/v0/index.js')
const original = require('kafkajs/src/protocol/recordBatch/record/v0/decoder.js')
const ours = recordDecoder(original)

const bytes = fc.uint8Array({ maxLength: 300 }).map((value) => Buffer.from(value))
const name = fc.oneof(
  fc.constantFrom('hangup-path', 'hangup-host', 'hangup-offset', '__proto__', 'constructor', '1'),
  fc.string({ unit: 'binary', maxLength: 100 }),
)
const record = fc.record({
  offsetDelta: fc.oneof(fc.nat(1_000), fc.nat(0x7fff_ffff)),
  timestampDelta: fc.oneof(fc.integer({ min: -100_000, max: 100_000 }), fc.maxSafeInteger()),
  key: fc.option(bytes),
  value: fc.option(bytes),
  headers: fc.dictionary(name, fc.oneof(bytes, fc.array(bytes, { minLength: 2, maxLength: 3 })), { maxKeys: 5 }),
})
const context = fc.record<RecordContext>({
  firstOffset: fc.oneof(fc.nat(), fc.constant(Number.MAX_SAFE_INTEGER)).map(String),
  firstTimestamp: fc.oneof(fc.integer({ min: 0, max: 2e12 }), fc.constant(-1)).map(String),
  maxTimestamp: fc.integer({ min: 0, max: 2e12 }).map(String),
  timestampType: fc.constantFrom(0, 1),
  magicByte: fc.constant(2),
  isControlBatch: fc.boolean(),
})

test('a record is decoded to what kafkajs makes of it', () => {
  fc.assert(
    fc.property(context, fc.array(record, { minLength: 1, maxLength: 5 }), (context, records) => {
      for (const each of records) {
        const decoder = new Decoder(encode(each).buffer)
        const body = decoder.readVarIntBytes()
        expect(ours(new Decoder(body), context)).toEqual(original(new Decoder(body), context))
      }
    }),
  )
})

test('kafkajs uses our decoder once a client was made', () => {
  const script = `
    import { createRequire } from 'node:module'
    import { openClient } from './dist/sources/kafka/client-options.js'
    openClient({ brokers: ['localhost:1'], security: { tls: false }, clientId: 'x' })
    const require = createRequire(import.meta.url)
    console.log(require('kafkajs/src/protocol/recordBatch/record/v0/decoder.js').toString())
    const users = Object.values(require.cache).filter(({ id }) => /recordBatch.v0.decoder/.test(id))
    console.log('loaded before: ' + users.length)`
  const options = { cwd: projectDirectory, encoding: 'utf8' } as const
  const printed = execFileSync(process.execPath, ['--input-type=module', '-e', script], options)
  expect(printed).toContain('varLong')
  expect(printed).toContain('loaded before: 0')
})
