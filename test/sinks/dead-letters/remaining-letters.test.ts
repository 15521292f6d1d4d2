import fs from 'node:fs'
import path from 'node:path'
import { expect, test } from '@jest/globals'
import { RemainingLetters } from '../../../src/sinks/dead-letters/remaining-letters.js'
import { rejected } from '../../contract/dead-letter-contract.js'
import { modeOf, temporaryDirectories } from '../../pipeline/temporary.js'
import { ndjson } from '../../support/cli.js'

const directory = temporaryDirectories()

test('what is left takes its place when it is whole, and that of an older file', async () => {
  const file = path.join(directory(), 'left', 'letters.ndjson')
  fs.mkdirSync(path.dirname(file))
  fs.writeFileSync(file, 'older\n')
  const remaining = new RemainingLetters(file)
  await remaining.add([rejected('a'), rejected('b')])
  expect(fs.readFileSync(file, 'utf8')).toBe('older\n')
  await remaining.add([rejected('c')])
  await remaining.keep()
  await remaining.close()
  expect(ndjson(fs.readFileSync(file, 'utf8'))).toEqual([rejected('a'), rejected('b'), rejected('c')])
  expect(modeOf(file)).toBe(0o600)
  expect(fs.readdirSync(path.dirname(file))).toEqual(['letters.ndjson'])
})

test('where nothing is left the file is empty, and where a replay fails nothing is made', async () => {
  const place = directory()
  const none = new RemainingLetters(path.join(place, 'none'))
  await none.keep()
  await none.close()
  const failed = new RemainingLetters(path.join(place, 'failed'))
  await failed.add([rejected('a')])
  await failed.close()
  expect(fs.readdirSync(place)).toEqual(['none'])
  expect(fs.readFileSync(path.join(place, 'none'), 'utf8')).toBe('')
})

test('a file that cannot be written is told', async () => {
  const file = path.join(directory(), 'a-file')
  fs.writeFileSync(file, '')
  const remaining = new RemainingLetters(path.join(file, 'left'))
  await expect(remaining.add([rejected('a')])).rejects.toMatchObject({ code: 'state_unusable' })
  await remaining.close()
})
