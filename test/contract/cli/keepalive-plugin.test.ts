import fs from 'node:fs'
import { afterAll, describe, expect, test } from '@jest/globals'
import { Sandbox } from '../../support/cli.js'
import { expectError } from './expect-error.js'

const sandbox = new Sandbox()
afterAll(() => sandbox.remove())

const plugin = (...words: readonly string[]) => sandbox.hangup(['keepalive', 'plugin', ...words])
const settingsOf = (directory: string) =>
  JSON.parse(fs.readFileSync(sandbox.path(directory, 'package.json'), 'utf8')).hangup.settings

test('writes the plugin and says what to do next', async () => {
  const { code, stdout, stderr } = await plugin()
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toContain(`${sandbox.path('plugins/hangup-idle-timeout')} is written`)
  expect(stdout).toMatch(/^ +sequence:\n +- oauth\n +- hangup-idle-timeout$/m)
  expect(stdout).toContain('edgemicro start … -d')
  expect(fs.readdirSync(sandbox.path('plugins/hangup-idle-timeout')).toSorted()).toEqual([
    'README.md',
    'index.js',
    'package.json',
  ])
  expect(settingsOf('plugins/hangup-idle-timeout')).toEqual({ timeoutMs: 4_000, proxies: {}, targets: {} })
})

test('takes times for all, by base path and by target', async () => {
  const more = ['--for', '/v1/orders=500ms', '--for', '10.0.0.9:8080=2s', '--for', '[::1]:80=1m30s']
  const { code, stdout } = await plugin('--out', 'mine/idle', '--timeout', '9s', ...more)
  expect(code).toBe(0)
  expect(stdout).toMatch(/^ +- idle$/m)
  expect(settingsOf('mine/idle')).toEqual({
    timeoutMs: 9_000,
    proxies: { '/v1/orders': 500 },
    targets: { '10.0.0.9:8080': 2_000, '[::1]:80': 90_000 },
  })
  const readme = fs.readFileSync(sandbox.path('mine/idle/README.md'), 'utf8')
  expect(readme).toContain('- `10.0.0.9:8080`: 2000 ms')
})

test('writes over its own files, but not over changed ones', async () => {
  const changed = sandbox.path('again/idle/index.js')
  expect((await plugin('--out', 'again/idle')).code).toBe(0)
  expect((await plugin('--out', 'again/idle', '--timeout', '2s')).code).toBe(0)
  expect(settingsOf('again/idle')).toMatchObject({ timeoutMs: 2_000 })
  fs.appendFileSync(changed, '// mine\n')
  const refused = await plugin('--out', 'again/idle')
  expectError(refused, 2)
  expect(refused.stderr).toMatch(
    /will not write over what is not ours: .*again\/idle \(index\.js was changed by hand\)/,
  )
  expect(settingsOf('again/idle')).toMatchObject({ timeoutMs: 2_000 })
})

describe('wrong usage', () => {
  test.each([
    ['a name that the gateway uses itself', ['--out', 'oauth'], /not a name for a plugin: oauth/],
    ['a name that is no key of YAML', ['--out', 'idle timeout:'], /not a name for a plugin: idle timeout:/],
    ['a time that is none', ['--timeout', 'soon'], /not a time: --timeout soon/],
    ['no time at all', ['--timeout', '0s'], /not a time: --timeout 0s/],
    ['a time longer than a timer can wait', ['--timeout', '30d'], /not a time: --timeout 30d/],
    ['a time for nothing', ['--for', '=2s'], /neither a base path nor a target: --for =2s/],
    ['a target without a port', ['--for', 'orders.example=2s'], /neither a base path nor a target/],
    ['a time of a target that is none', ['--for', 'orders.example:80='], /not a time: --for orders\.example:80=/],
    ['an argument', ['plugins/x'], /too many arguments/],
  ])('%s writes nothing', async (_, words, message) => {
    const result = await plugin('--out', 'nothing/idle', ...words)
    expectError(result, 2)
    expect(result.stderr).toMatch(message)
    expect(fs.existsSync(sandbox.path('nothing'))).toBe(false)
  })
})
