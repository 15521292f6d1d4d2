import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { list, type ReadEntry } from 'tar'
import { nameArchive, writeArchive } from '../../src/bundle/archive.js'
import { type Entry, textEntry } from '../../src/bundle/entry.js'
import { Spool } from '../../src/bundle/spool.js'

let directory = ''
beforeEach(() => {
  directory = fs.mkdtempSync(path.join(os.tmpdir(), 'hangup-archive-'))
})
afterEach(() => fs.rmSync(directory, { recursive: true, force: true }))

const TIME = new Date('2026-11-29T20:00:00Z')
const SIGNAL = new AbortController().signal

async function write(entries: readonly Entry[], name = 'a.tar.gz'): Promise<string> {
  const file = path.join(directory, name)
  await writeArchive(file, { top: 'hangup-a', entries, time: TIME, signal: SIGNAL })
  return file
}

async function spooled(name: string, pieces: readonly Uint8Array[], number = 0): Promise<Entry> {
  const spool = new Spool(directory, number)
  for (const piece of pieces) await spool.append(piece)
  return spool.finish(name)
}

describe('an archive', () => {
  test('holds folders and files of nobody, with plain modes, in one folder', async () => {
    const file = await write([textEntry('README.txt', 'read'), textEntry('logs/a.log', 'line\n')])
    const seen: object[] = []
    await list({
      file,
      onReadEntry: ({ path, type, mode, uid, gid, mtime, size }: ReadEntry) =>
        seen.push({ path, type, mode, uid, gid, mtime, size }),
    })
    const shared = { uid: 0, gid: 0, mtime: TIME }
    expect(seen).toEqual([
      { path: 'hangup-a/', type: 'Directory', mode: 0o755, size: 0, ...shared },
      { path: 'hangup-a/logs/', type: 'Directory', mode: 0o755, size: 0, ...shared },
      { path: 'hangup-a/README.txt', type: 'File', mode: 0o644, size: 4, ...shared },
      { path: 'hangup-a/logs/a.log', type: 'File', mode: 0o644, size: 5, ...shared },
    ])
    expect(fs.statSync(file).mode & 0o777).toBe(0o600)
  })

  test('is unpacked by tar to what went in, whatever the sizes', async () => {
    const sizes = [0, 1, 511, 512, 513, 1_048_577]
    const entries = await Promise.all(
      sizes.map((size, index) => spooled(`logs/${size}.log`, [Buffer.alloc(size, 'a'), Buffer.alloc(3, 'b')], index)),
    )
    const file = await write(entries)
    execFileSync('tar', ['-xzf', file, '-C', directory])
    for (const size of sizes) {
      const content = fs.readFileSync(path.join(directory, 'hangup-a', 'logs', `${size}.log`), 'utf8')
      expect(content).toBe(`${'a'.repeat(size)}bbb`)
    }
    const sums = entries.map(({ sha256, name }) => `${sha256}  ${name}\n`).join('')
    execFileSync('sha256sum', ['-c', '--quiet'], { cwd: path.join(directory, 'hangup-a'), input: sums })
  })

  test('is the same for the same entries', async () => {
    const files = ['a.tar.gz', 'b.tar.gz']
    for (const [index, name] of files.entries()) {
      await write([textEntry('a.txt', 'a'), await spooled('b', [Buffer.from('b')], index)], name)
    }
    const [first, second] = files.map((name) => fs.readFileSync(path.join(directory, name)))
    expect(first.equals(second)).toBe(true)
  })

  test('is not written where an entry is not as long as was said', async () => {
    await expect(write([{ ...textEntry('a', 'abc'), bytes: 2 }])).rejects.toThrow('a has 3 bytes in place of 2')
  })

  test('stops where it is told to', async () => {
    const abort = new AbortController()
    abort.abort()
    const writing = writeArchive(path.join(directory, 'a'), { top: 'a', entries: [], time: TIME, signal: abort.signal })
    await expect(writing).rejects.toMatchObject({ name: 'AbortError' })
  })

  test('takes no name that somebody has', async () => {
    const file = await write([], 'temporary')
    const taken = path.join(directory, 'taken')
    fs.writeFileSync(taken, 'mine')
    await expect(nameArchive(file, taken)).rejects.toMatchObject({ code: 'output_failed' })
    expect(fs.readFileSync(taken, 'utf8')).toBe('mine')
    await nameArchive(file, path.join(directory, 'free'))
    expect(fs.readdirSync(directory).sort()).toEqual(['free', 'taken'])
  })
})

test('what is only counted leaves no file', async () => {
  const spool = new Spool(null, 0)
  await spool.append(Buffer.from('abc'))
  expect(spool.finish('a')).toMatchObject({ bytes: 3, sha256: textEntry('a', 'abc').sha256 })
  expect(fs.readdirSync(directory)).toEqual([])
})

test('what finds no place says which one', async () => {
  const spool = new Spool(path.join(directory, 'gone'), 0)
  await expect(spool.append(Buffer.from('abc'))).rejects.toMatchObject({
    code: 'output_failed',
    message: expect.stringContaining('(ENOENT)'),
  })
})
