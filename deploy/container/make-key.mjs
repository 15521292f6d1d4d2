// Makes the key that API keys are hashed with, the same for all who read the file; leaves one that is there.
//
//   node make-key.mjs FILE

import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'

const [file] = process.argv.slice(2)

try {
  writeFileSync(file, `${randomBytes(32).toString('hex')}\n`, { mode: 0o400, flag: 'wx', flush: true })
} catch (error) {
  if (error.code !== 'EEXIST') throw error
}
