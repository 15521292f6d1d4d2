import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeEach, expect, test } from '@jest/globals'
import { readFully } from '../../../src/sources/read-fully.js'
import { OpenHandles } from '../../../src/sources/tail/open-handles.js'
import { RestingHandle } from '../../../src/sources/tail/resting-handle.js'

const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'hangup-resting-'))
let full: number[]
let files = 0

afterAll(() => fs.rmSync(directory, { recursive: true }))
beforeEach(() => {
  full = []
})

const handlesOf = (options: { closeIdleMs?: number; maxOpen?: number } = {}) =>
  new OpenHandles({ closeIdleMs: 0, maxOpen: 100, ...options, onFull: (maxOpen) => full.push(maxOpen) })

function write(content: string): string {
  const file = path.join(directory, String(files++))
  fs.writeFileSync(file, content)
  return file
}

async function opened(file: string, handles: OpenHandles): Promise<RestingHandle> {
  const handle = await RestingHandle.open(file)
  await handle.joinTurns(handles)
  return handle
}

async function read(handle: RestingHandle): Promise<string> {
  const buffer = Buffer.alloc(100)
  return buffer.toString('latin1', 0, await readFully(handle, buffer, 0))
}

test('a file rests when it was not read for long, is looked at, and is read on when it has grown', async () => {
  const handles = handlesOf()
  const file = write('one')
  const handle = await opened(file, handles)
  await handles.restIdle(performance.now())
  expect(handle.isResting).toBe(true)
  fs.appendFileSync(file, 'two')
  expect(handle.look()).toEqual({ sizeBytes: 6, isNamed: true })
  expect(handle.isResting).toBe(true)
  expect(await read(handle)).toBe('onetwo')
  expect(handle.isResting).toBe(false)
  await handle.close()
})

test('a resting file that nobody can look at for a while is not taken for deleted', async () => {
  const handles = handlesOf()
  const there = path.join(directory, 'there')
  const away = path.join(directory, 'away')
  fs.mkdirSync(there)
  const file = path.join(there, 'log')
  fs.writeFileSync(file, 'one')
  const handle = await opened(file, handles)
  await handles.restIdle(performance.now())
  handle.look()
  fs.renameSync(there, away)
  fs.symlinkSync(there, there)
  expect(() => fs.statSync(file)).toThrow('ELOOP')
  expect(handle.look()).toEqual({ sizeBytes: 3, isNamed: true })
  fs.unlinkSync(there)
  fs.renameSync(away, there)
  fs.appendFileSync(file, 'two')
  expect(handle.look()).toEqual({ sizeBytes: 6, isNamed: true })
  await handle.close()
})

test('a file with unread lines does not rest without need', async () => {
  const handles = handlesOf()
  const handle = await opened(write('one'), handles)
  handle.hasUnread = true
  await handles.restIdle(performance.now())
  expect(handle.isResting).toBe(false)
  await handle.close()
})

test('a file that was renamed while it rested is read under its new name', async () => {
  const handle = await opened(write('one'), handlesOf())
  await handle.rest()
  const moved = path.join(directory, 'moved')
  fs.renameSync(path.join(directory, String(files - 1)), moved)
  expect(handle.look()).toEqual({ sizeBytes: 0, isNamed: false })
  handle.moveTo(moved)
  expect(await read(handle)).toBe('one')
  await handle.close()
})

test.each([
  ['another file has its name', (file: string) => fs.writeFileSync(`${file}.new`, 'other')],
  ['nothing has its name', () => {}],
])('there is nothing to read where %s', async (_, prepare) => {
  const file = write('one')
  const handle = await opened(file, handlesOf())
  handle.look()
  await handle.rest()
  prepare(file)
  if (fs.existsSync(`${file}.new`)) fs.renameSync(`${file}.new`, file)
  else fs.rmSync(file)
  expect(handle.look()).toEqual({ sizeBytes: 3, isNamed: false })
  expect(await read(handle)).toBe('')
})

test('no more files are open than may be: the one that was not read for longest rests, and that is told once', async () => {
  const handles = handlesOf({ maxOpen: 2 })
  const [a, b] = [await opened(write('a'), handles), await opened(write('b'), handles)]
  a.usedMs = 2
  b.usedMs = 1
  const c = await opened(write('c'), handles)
  expect([a, b, c].map(({ isResting }) => isResting)).toEqual([false, true, false])
  expect(await read(b)).toBe('b')
  expect([a, b, c].map(({ isResting }) => isResting)).toEqual([true, false, false])
  expect(full).toEqual([2])
  for (const handle of [a, b, c]) await handle.close()
})
