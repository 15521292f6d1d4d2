import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { pluginFiles } from '../../../src/keepalive/plugin/files.js'
import { writePlugin } from '../../../src/keepalive/plugin/write.js'

const FILES = pluginFiles('idle', { timeoutMs: 4_000, proxies: {}, targets: {} }, '1.0.0')
const LATER = pluginFiles('idle', { timeoutMs: 2_000, proxies: { '/v1/orders': 900 }, targets: {} }, '1.1.0')

let above: string
let directory: string
beforeEach(async () => {
  above = await mkdtemp(path.join(os.tmpdir(), 'hangup-plugin-'))
  directory = path.join(above, 'plugins', 'idle')
})
afterEach(() => rm(above, { recursive: true, force: true }))

const texts = async () =>
  Object.fromEntries(
    await Promise.all(
      (await readdir(directory)).map(
        async (name) => [name, await readFile(path.join(directory, name), 'utf8')] as const,
      ),
    ),
  )

test('makes the directory and leaves its files alone in it', async () => {
  await writePlugin(directory, FILES)
  expect(await texts()).toEqual(FILES)
})

test('replaces its own files with later ones, whatever else lies there', async () => {
  await writePlugin(directory, FILES)
  await writeFile(path.join(directory, 'notes.txt'), 'mine')
  await writePlugin(directory, LATER)
  expect(await texts()).toEqual({ ...LATER, 'notes.txt': 'mine' })
})

test('completes what was taken away in part', async () => {
  await writePlugin(directory, FILES)
  await rm(path.join(directory, 'index.js'))
  await writePlugin(directory, FILES)
  expect(await texts()).toEqual(FILES)
})

test.each<[string, () => Promise<unknown>, string]>([
  [
    'a file that was changed by hand',
    () => writePlugin(directory, FILES).then(() => writeFile(path.join(directory, 'index.js'), 'module.exports = {}')),
    'index.js was changed by hand',
  ],
  [
    "another's plugin",
    () =>
      mkdir(directory, { recursive: true }).then(() =>
        writeFile(path.join(directory, 'package.json'), '{"name":"theirs"}'),
      ),
    'it holds files that are not of this plugin',
  ],
  [
    'a package.json that is none',
    () => mkdir(directory, { recursive: true }).then(() => writeFile(path.join(directory, 'package.json'), '{')),
    'it holds files that are not of this plugin',
  ],
  [
    'files of somebody',
    () => mkdir(directory, { recursive: true }).then(() => writeFile(path.join(directory, 'thesis.txt'), 'mine')),
    'it holds files that are not of this plugin',
  ],
  [
    'a link in the place of a file',
    async () => {
      await writePlugin(directory, FILES)
      const elsewhere = path.join(above, 'elsewhere.js')
      await writeFile(elsewhere, FILES['index.js'])
      await rm(path.join(directory, 'index.js'))
      await symlink(elsewhere, path.join(directory, 'index.js'))
    },
    'index.js was changed by hand',
  ],
])('does not touch %s', async (_, prepare, reason) => {
  await prepare()
  const before = await texts()
  await expect(writePlugin(directory, LATER)).rejects.toMatchObject({
    name: 'ConfigError',
    code: 'plugin_not_ours',
    message: `will not write over what is not ours: ${directory} (${reason})`,
  })
  expect(await texts()).toEqual(before)
})

test('a file in the place of the directory is told of', async () => {
  await writeFile(path.join(above, 'plugins'), '')
  await expect(writePlugin(path.join(above, 'plugins'), FILES)).rejects.toMatchObject({ code: 'config' })
})
