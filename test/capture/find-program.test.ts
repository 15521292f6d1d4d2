import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from '@jest/globals'
import { findProgram } from '../../src/capture/find-program.js'

const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'hangup-path-'))
afterAll(() => fs.rmSync(directory, { recursive: true }))

test('a program is found in the first directory of the search path that has it and may run it', async () => {
  for (const [name, mode] of [
    ['first', 0o644],
    ['second', 0o755],
  ] as const) {
    fs.mkdirSync(path.join(directory, name))
    fs.writeFileSync(path.join(directory, name, 'a-tool'), '', { mode })
  }
  const searchPath = ['.', path.join(directory, 'none'), path.join(directory, 'first'), path.join(directory, 'second')]
  expect(await findProgram('a-tool', searchPath.join(path.delimiter))).toBe(path.join(directory, 'second', 'a-tool'))
})

test('a program that is nowhere is not found, nor one that lies in the current directory', async () => {
  expect(await findProgram('package.json', '.')).toBeNull()
  expect(await findProgram('a-tool', '')).toBeNull()
})
