import fs from 'node:fs'
import path from 'node:path'
import { afterAll, describe, expect, test } from '@jest/globals'
import { loadRedactionKey, redactionKeyOf } from '../../src/pipeline/redaction-key.js'
import { ndjson, Sandbox } from '../support/cli.js'
import { clientHalf } from '../support/lines.js'
import { modeOf, temporaryDirectories } from './temporary.js'

const directory = temporaryDirectories()
const sandbox = new Sandbox()

afterAll(() => sandbox.remove())

describe('the redaction key', () => {
  test('is made at first use, readable by its owner only, and is the same from then on', async () => {
    const state = path.join(directory(), 'deep', 'state')
    const key = await loadRedactionKey(state)
    expect(key).toHaveLength(32)
    expect(modeOf(path.join(state, 'redact.key'))).toBe(0o600)
    expect(modeOf(state)).toBe(0o700)
    expect(await loadRedactionKey(state)).toEqual(key)
    expect(fs.readdirSync(state)).toEqual(['redact.key'])
  })

  test('is that of the file which the pipeline names, and none is made there', async () => {
    const file = path.join(directory(), 'fleet.key')
    const state = directory()
    const place = { redact: { keyFile: file }, state: { directory: state } }
    await expect(redactionKeyOf(place, { mayMake: true })).rejects.toMatchObject({
      message: `cannot use the redaction key: ${file} (ENOENT)`,
      hint: expect.stringContaining('redact.keyFile'),
    })
    fs.writeFileSync(file, 'short\n')
    await expect(redactionKeyOf(place, { mayMake: false })).rejects.toThrow('it does not hold 64 hex digits')
    fs.writeFileSync(file, `${'ab'.repeat(32)}\n`)
    expect(await redactionKeyOf(place, { mayMake: true })).toEqual(Buffer.alloc(32, 0xab))
    expect(fs.readdirSync(state)).toEqual([])
  })

  test('differs from one state directory to the next', async () => {
    expect(await loadRedactionKey(directory())).not.toEqual(await loadRedactionKey(directory()))
  })

  test('is one key for all who ask for it first at the same time', async () => {
    const state = directory()
    const keys = await Promise.all(Array.from({ length: 8 }, () => loadRedactionKey(state)))
    for (const key of keys) expect(key).toEqual(keys[0])
    expect(fs.readdirSync(state)).toEqual(['redact.key'])
  })

  test('is one key for processes that start at the same time', async () => {
    const log = sandbox.write('edgemicro-gw-1-1-api.log', `${clientHalf({ clientId: 'one-and-the-same' })}\n`)
    const results = await Promise.all(Array.from({ length: 3 }, () => sandbox.hangup(['parse', log])))
    const hashes = results.map(({ stdout }) => ndjson(stdout)[0].clientId)
    expect(hashes[0]).toMatch(/^key:[0-9a-f]{16}$/)
    expect(new Set(hashes).size).toBe(1)
  })

  test.each([
    ['empty', ''],
    ['cut', 'ab12'],
    ['no hex digits', `${'x'.repeat(64)}\n`],
  ])('that is %s is refused, and left as it is', async (_, content) => {
    const state = directory()
    const file = path.join(state, 'redact.key')
    fs.writeFileSync(file, content)
    await expect(loadRedactionKey(state)).rejects.toMatchObject({
      name: 'PermanentError',
      code: 'state_unusable',
      message: `cannot use the redaction key: ${file} (it does not hold 64 hex digits)`,
      hint: expect.stringContaining('restore the file'),
    })
    expect(fs.readFileSync(file, 'utf8')).toBe(content)
  })

  test('that can not be made says which directory to choose instead', async () => {
    const file = path.join(directory(), 'a-file')
    fs.writeFileSync(file, '')
    await expect(loadRedactionKey(path.join(file, 'state'))).rejects.toMatchObject({
      code: 'state_unusable',
      hint: expect.stringContaining('--state DIR'),
    })
  })
})
