import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { expect, test } from '@jest/globals'
import { LetterFile } from '../../../src/sinks/dead-letters/letter-file.js'
import { describeDeadLetterSink, rejected } from '../../contract/dead-letter-contract.js'
import { temporaryDirectories } from '../../pipeline/temporary.js'
import { ndjson } from '../../support/cli.js'

const directory = temporaryDirectories()

describeDeadLetterSink('a file', async () => {
  const place = fs.mkdtempSync(path.join(os.tmpdir(), 'hangup-letters-'))
  const file = path.join(place, 'state', 'letters.ndjson')
  return {
    open: () => new LetterFile(file),
    kept: async () => (fs.existsSync(file) ? ndjson(fs.readFileSync(file, 'utf8')) : []),
    remove: async () => fs.rmSync(place, { recursive: true }),
  }
})

test('a file of letters is one line for each, whatever its text', async () => {
  const file = path.join(directory(), 'letters.ndjson')
  await new LetterFile(file).write([rejected('a\nb\r\n\u2028{"kind":"rejected"}'), rejected('c')])
  expect(fs.readFileSync(file, 'utf8').split('\n')).toHaveLength(3)
})
