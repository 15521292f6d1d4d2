import fs from 'node:fs'
import path from 'node:path'
import { afterAll, beforeEach, describe, expect, test } from '@jest/globals'
import { IDLE_PLUGIN } from '../../../src/keepalive/plugin-name.js'
import { projectDirectory, Sandbox } from '../../support/cli.js'
import { RUNS } from '../../support/truth.js'
import { expectError } from './expect-error.js'

const sandbox = new Sandbox()
afterAll(() => sandbox.remove())

const check = (...options: readonly string[]) => sandbox.hangup(['keepalive', 'check', ...options])

const CONFIG = '.edgemicro/acme-test-config.yaml'
const WRONG = 'edgemicro:\n  port: 8000\nredisPassword: CANARY-1\n'
const RIGHT = `edgemicro:
  port: 8000
  keep_alive_timeout: 65000
  redisPassword: CANARY-1
  plugins:
    sequence: [${IDLE_PLUGIN}]
${IDLE_PLUGIN}:
  timeout: 4000
proxies:
  - {name: a, base_path: /a, url: "http://user:CANARY-2@a.example:81/x?apikey=CANARY-3"}
`

describe('keepalive check', () => {
  beforeEach(() => {
    fs.rmSync(sandbox.path('.edgemicro'), { recursive: true, force: true })
    sandbox.write(CONFIG, RIGHT)
  })

  test('reads ~/.edgemicro, and ends with 0 where every hop is in order', async () => {
    const { code, stdout, stderr } = await check('--client', 'aws-alb', '--target', 'a.example:81=apache=6s')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^The order is right at each of 2 hops\.\n\nclient AWS ALB\n/)
    expect(stdout).toContain('▼  ok: the client gives up first')
    expect(stdout).toContain('└▶ target a.example:81  ok: the gateway gives up first')
  })

  test('ends with 3 where a hop is wrong, and prints the exact change', async () => {
    sandbox.write(CONFIG, WRONG)
    const { code, stdout } = await check('--client', 'aws-alb')
    expect(code).toBe(3)
    expect(stdout).toMatch(/^Of 2 hops, 2 wrong, 0 unknown\.$/m)
    expect(stdout).toContain('▼  WRONG: the gateway closes first, or within 1.1 s')
    expect(stdout).toMatch(/ # \/\S+\/\.edgemicro\/acme-test-config\.yaml\n +edgemicro:\n +keep_alive_timeout: 65000\n/)
    expect(stdout).toMatch(/ss -tno state established/)
  })

  test('is neither ok nor wrong where something is not known, and ends with 0', async () => {
    const { code, stdout } = await check('--client', '30s')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^Nothing is known to be wrong: of 2 hops, 1 unknown\.$/m)
  })

  test('takes from logs when targets close that nobody described', async () => {
    const { code, stdout, stderr } = await check(
      '--client',
      '30s',
      '--logs',
      path.join(projectDirectory, 'pipelines/samples'),
    )
    expect(code).toBe(3)
    expect(stdout).toMatch(
      /▶ target t1\.backend\.example:28021 {2}WRONG: .*\n.* closes an idle connection after 9\d\d ms \(as its logs tell, 95 % certain /,
    )
    expect(stdout).toContain('t1.backend.example:28021 is no target of this gateway')
    expect(stderr).toMatch(/^read [\d,]+ lines = /m)
  })

  test('gives the same as one JSON object', async () => {
    const { code, stdout } = await check('--client', '70s', '--target', 'a.example:81=6s', '--json')
    expect(code).toBe(3)
    expect(JSON.parse(stdout)).toMatchObject({
      verdict: 'wrong',
      margin_ms: 1100,
      hops: [
        {
          from: { role: 'client', title: null, idle: 'after', idle_timeout_ms: 70_000, source: 'given' },
          to: {
            role: 'gateway',
            idle_timeout_ms: 65_000,
            source: 'file',
            says: 'keep_alive_timeout, acme-test-config.yaml:3',
          },
          verdict: 'wrong',
          reason: 'receiver_first',
        },
        {
          from: { role: 'gateway', idle_timeout_ms: 4000 },
          to: { role: 'target', title: 'a.example:81' },
          verdict: 'ok',
        },
      ],
      os: { tcp_keepalive_time_ms: process.platform === 'linux' ? expect.any(Number) : null },
      changes: [{ file: sandbox.path(CONFIG), lines: ['edgemicro:', '  keep_alive_timeout: 75000'] }],
    })
  })

  test('asks for more with a longer round trip', async () => {
    const target = ['--client', '1s', '--target', 'a.example:81=6s']
    expect((await check(...target)).code).toBe(0)
    expect((await check(...target, '--rtt', '2s')).code).toBe(3)
  })

  test.each([
    ['nginx', 'http { server { listen 81; keepalive_timeout 3s; } server { listen 82; } }'],
    ['apache', '<VirtualHost *:81>\nKeepAliveTimeout 3\n</VirtualHost>'],
    ['haproxy', 'listen a\n mode http\n bind :81\n timeout client 3s\nlisten b\n bind :82\n timeout client 1s'],
    ['tomcat', '<Server><Service><Connector port="81" connectionTimeout="3000"/></Service></Server>'],
  ])("reads a target's own file: %s", async (format, text) => {
    const file = sandbox.write(`target-${format}`, text)
    const { code, stdout } = await check('--client', '1s', '--target', `a.example:81=${format}:${file}`, '--json')
    expect(code).toBe(3)
    expect(JSON.parse(stdout).hops[1].to).toMatchObject({ idle_timeout_ms: 3000, source: 'file' })
  })

  test("reads a balancer's own file on both of its sides", async () => {
    const text = 'http { upstream g { server gw:8000; keepalive 8; keepalive_timeout 90s; } server { listen 80; } }'
    const file = sandbox.write('balancer.conf', text)
    const { stdout } = await check('--client', '30s', '--balancer', `nginx:${file}`, '--json')
    expect(JSON.parse(stdout).hops.slice(0, 2)).toMatchObject([
      { to: { role: 'balancer', idle_timeout_ms: 75_000 }, verdict: 'ok' },
      { from: { role: 'balancer', idle_timeout_ms: 90_000 }, verdict: 'wrong' },
    ])
  })

  test("takes the plugin's time from its package.json where the configuration has none", async () => {
    const manifest = { name: 'mine', hangup: { settings: { timeoutMs: 4500, proxies: {}, targets: {} } } }
    sandbox.write('plugins/mine/package.json', JSON.stringify(manifest))
    sandbox.write(CONFIG, `edgemicro: {plugins: {dir: ${sandbox.path('plugins')}, sequence: [mine]}}`)
    const options = ['--client', '1s', '--target', 'a.example:81=6s', '--json']
    const { code, stdout } = await check(...options, '--plugin', 'mine')
    expect(code).toBe(0)
    expect(JSON.parse(stdout).hops[1]).toMatchObject({
      from: { role: 'gateway', idle_timeout_ms: 4500 },
      verdict: 'ok',
    })
    expect((await check(...options)).code).toBe(3)
  })

  test('chooses among several gateways', async () => {
    sandbox.write('.edgemicro/acme-prod-config.yaml', WRONG)
    expectError(await check(), 2)
    expect((await check('--env', 'prod', '--json')).code).toBe(3)
    expect((await check('--org', 'acme', '--env', 'test', '--json')).code).toBe(0)
    const unknown = await check('--env', 'dev')
    expectError(unknown, 2)
    expect(unknown.stderr).toContain('acme-prod-config.yaml')
  })

  test('lets no secret of the configuration out', async () => {
    for (const form of [[], ['--json']]) {
      for (const text of [RIGHT, WRONG]) {
        sandbox.write(CONFIG, text)
        const { stdout, stderr } = await check(...form, '--target', 'a.example:81=5s')
        expect(stdout + stderr).not.toContain('CANARY')
      }
    }
  })

  test('shows nothing that a terminal would obey', async () => {
    sandbox.write(CONFIG, 'edgemicro: {plugins: {sequence: ["a\\e[31mb\\u202e"]}}')
    const { stdout } = await check('--target', 'a.example:81=5s')
    expect(stdout).toContain('a␛[31mb<U+202E>')
    expect(stdout).not.toMatch(/[\u001b\u202e]/)
  })

  test.each([
    ['no configuration', ['--gateway-config', 'nowhere'], 'no gateway configuration'],
    ['a hop that nobody knows', ['--client', 'tomcot'], '--client tomcot'],
    ['a target without a port', ['--target', 'a=5s'], '--target a=5s'],
    ['a target twice', ['--target', 'a:1=5s', '--target', 'a:1=6s'], 'described twice'],
    ['a limit that is none', ['--nat', 'tomcat'], '--nat tomcat'],
    ['a round trip that is none', ['--rtt', '5'], '--rtt 5'],
    ['a file that is not there', ['--balancer', 'nginx:nowhere.conf'], 'nowhere.conf'],
    ['an argument', ['now'], 'too many arguments'],
  ])('refuses %s with 2', async (_, options, message) => {
    const result = await check(...options)
    expectError(result, 2)
    expect(result.stderr).toContain(message)
    expect(result.stdout).toBe('')
  })

  test('refuses a file that its server would not start with, by file and line', async () => {
    const file = sandbox.write('bad.conf', 'http {\n server {\n  keepalive_timeout CANARY;\n }\n}')
    const result = await check('--target', `a.example:81=nginx:${file}`)
    expectError(result, 2)
    expect(result.stderr).toContain(`${file}:3: keepalive_timeout is not a time`)
    expect(result.stderr).not.toContain('CANARY')
  })

  test('refuses a configuration that is no YAML', async () => {
    sandbox.write(CONFIG, 'edgemicro: [1\nb')
    expectError(await check(), 2)
  })
})

test.each(RUNS)('keepalive check reads the configuration of a real gateway: %s', async (name) => {
  const directory = path.join(projectDirectory, 'test/fixtures/corpus', name, 'dot-edgemicro')
  const { code, stdout, stderr } = await check('--gateway-config', directory, '--client', 'aws-alb', '--json')
  expect({ code, stderr }).toEqual({ code: 3, stderr: '' })
  const { hops } = JSON.parse(stdout)
  expect(hops[0]).toMatchObject({ to: { role: 'gateway', idle_timeout_ms: 65_000 }, verdict: 'ok' })
  expect(hops.length).toBeGreaterThan(1)
  for (const hop of hops.slice(1)) expect(hop).toMatchObject({ to: { role: 'target' }, reason: 'sender_never' })
})
