import { describe, expect, test } from '@jest/globals'
import { parseGatewayConnections } from '../../src/config/gateway-connections.js'
import { type CheckInput, check } from '../../src/keepalive/check.js'
import { parseDescription } from '../../src/keepalive/description.js'
import { OS_UNKNOWN } from '../../src/keepalive/os-settings.js'
import { type Peer, peerOf } from '../../src/keepalive/peer.js'
import { IDLE_PLUGIN } from '../../src/keepalive/plugin-name.js'
import type { PluginDefaults } from '../../src/keepalive/plugin-times.js'

const FILE = '/e/acme-test-config.yaml'
const PROXIES = `
proxies:
  - {name: a, base_path: /a, url: "http://a.example:81"}
  - {name: b, base_path: /b, url: "http://a.example:81/b"}
  - {name: c, base_path: /c, url: "https://c.example"}`
const PLUGIN = (ms: number): string => `
  plugins: {sequence: [oauth, ${IDLE_PLUGIN}]}
${IDLE_PLUGIN}: {timeout: ${ms}}`

function peer(text: string): Peer {
  const what = parseDescription(text)
  if (what === null) throw new Error(`no description: ${text}`)
  return peerOf(what, {
    port: null,
    readFile: () => {
      throw new Error('no file is read here')
    },
  })
}

interface Told extends Partial<Pick<CheckInput, 'os' | 'nat' | 'estimates'>> {
  readonly defaults?: PluginDefaults
  readonly client?: string
  readonly balancer?: string
  readonly targets?: Readonly<Record<string, string>>
  readonly cache?: string
  readonly template?: string
}

/** Of a gateway whose configuration is `edgemicro:` and `text` below it. */
function checked(text: string, { client, balancer, targets = {}, cache, template, defaults, ...told }: Told = {}) {
  const texts = [
    ...(cache === undefined ? [] : [{ file: '/e/acme-test-cache-config.yaml', text: cache }]),
    { file: FILE, text: `edgemicro:\n  port: 8000\n${text}` },
    ...(template === undefined ? [] : [{ file: '/e/default.yaml', text: template }]),
  ]
  return check({
    gateway: parseGatewayConnections(texts),
    client: client === undefined ? null : peer(client),
    balancer: balancer === undefined ? null : peer(balancer),
    targets: new Map(Object.entries(targets).map(([target, what]) => [target, peer(what)])),
    os: OS_UNKNOWN,
    nat: null,
    plugin: { name: IDLE_PLUGIN, defaults: defaults ?? null },
    marginMs: 1100,
    estimates: new Map(),
    ...told,
  })
}

const linesOf = ({ changes }: ReturnType<typeof checked>): string =>
  changes.map(({ what, lines }) => `${what}\n${lines.join('\n')}`).join('\n')
const codesOf = ({ findings }: ReturnType<typeof checked>) => findings.map(({ code, verdict }) => `${code} ${verdict}`)

describe('in front of the gateway', () => {
  test("Node's own 5 s are wrong behind a balancer that waits longer, and the change is the article's", () => {
    const outcome = checked(PROXIES, { client: 'aws-alb' })
    expect(outcome.hops[0]).toMatchObject({
      sender: { role: 'client', title: 'AWS ALB', fact: { idle: { ms: 60_000 } } },
      receiver: { role: 'gateway', fact: { idle: { ms: 5000 }, source: 'default' } },
      verdict: 'wrong',
      reason: 'receiver_first',
    })
    expect(outcome.changes[0]).toMatchObject({ file: FILE, lines: ['edgemicro:', '  keep_alive_timeout: 65000'] })
  })

  test('65 s are right behind an ALB, and not behind the balancer of Google', () => {
    expect(checked('  keep_alive_timeout: 65000', { client: 'aws-alb' }).hops[0].verdict).toBe('ok')
    const wrong = checked('  keep_alive_timeout: 65000\n  headers_timeout: 70000', { client: 'gclb' })
    expect(wrong.hops[0].verdict).toBe('wrong')
    expect(wrong.changes[0].lines).toEqual(['edgemicro:', '  keep_alive_timeout: 605000', '  headers_timeout: 610000'])
  })

  test('a balancer makes two hops, and the client has to wait less than it', () => {
    const { hops, changes } = checked('  keep_alive_timeout: 65000', { client: '90s', balancer: 'aws-alb' })
    expect(hops.slice(0, 2)).toMatchObject([
      { sender: { role: 'client' }, receiver: { role: 'balancer' }, verdict: 'wrong' },
      { sender: { role: 'balancer' }, receiver: { role: 'gateway' }, verdict: 'ok' },
    ])
    expect(changes[0]).toEqual({
      what: 'let the client give up idle connections after less than 58.9 s',
      file: null,
      lines: [],
    })
  })

  test('a balancer that hands on bytes makes one hop, with a limit', () => {
    const { hops } = checked('  keep_alive_timeout: 900000', { client: '400s', balancer: 'aws-nlb' })
    expect(hops[0]).toMatchObject({
      sender: { role: 'client' },
      receiver: { role: 'gateway' },
      limits: [{ title: 'AWS NLB', ms: 350_000 }],
      verdict: 'wrong',
      reason: 'limit_first',
    })
  })

  test('a client of which nothing is said is unknown', () => {
    expect(checked('').hops[0]).toMatchObject({ verdict: 'unknown', reason: 'sender_unknown' })
  })

  test('a file that was edited and not read yet asks for a reload, not for another edit', () => {
    const outcome = checked('  keep_alive_timeout: 65000', { client: 'aws-alb', cache: 'edgemicro: {port: 8000}' })
    expect(outcome.hops[0].verdict).toBe('wrong')
    expect(outcome.changes[0].lines).toEqual(['edgemicro reload -o acme -e test -k KEY -s SECRET'])
    expect(codesOf(outcome)).toContain('not_reloaded note')
  })

  test('a time that stands in default.yaml alone does not count, which is said', () => {
    const outcome = checked('', { client: 'aws-alb', template: 'edgemicro: {keep_alive_timeout: 65000}' })
    expect(outcome.hops[0].verdict).toBe('wrong')
    expect(codesOf(outcome)).toContain('template_only note')
  })
})

describe("the gateway's own settings", () => {
  test.each([
    ['headers_timeout below keep_alive_timeout', '  keep_alive_timeout: 65000\n  headers_timeout: 60000'],
    ['headers_timeout at keep_alive_timeout', '  keep_alive_timeout: 65000\n  headers_timeout: 65000'],
    ["headers_timeout below Node's own 5 s", '  headers_timeout: 4000'],
  ])('are wrong with %s', (_, text) => {
    const outcome = checked(text, { client: '1s', targets: { 'a:1': 'never' } })
    expect(outcome.verdict).toBe('wrong')
    expect(codesOf(outcome)).toContain('headers_timeout_below wrong')
    expect(linesOf(outcome)).toMatch(/ {2}headers_timeout: (70000|10000)/)
  })

  test.each([
    ['headers_timeout above it', '  keep_alive_timeout: 65000\n  headers_timeout: 65001'],
    ['no headers_timeout, which the gateway then sets itself', '  keep_alive_timeout: 65000'],
  ])('are right with %s', (_, text) => {
    expect(codesOf(checked(text)).join()).not.toContain('headers_timeout')
  })

  test('are wrong with a value that the gateway does not start with', () => {
    const outcome = checked('  keep_alive_timeout: "65000"', { client: '1s', targets: { 'a:1': 'never' } })
    expect(outcome).toMatchObject({ verdict: 'wrong', hops: [{ verdict: 'unknown' }, { verdict: 'ok' }] })
    expect(codesOf(outcome)).toContain('unusable_setting wrong')
  })
})

describe('behind the gateway', () => {
  test('each target once, and each one wrong, for the agent never drops a connection', () => {
    const { hops } = checked(PROXIES, { targets: { 'a.example:81': 'tomcat' } })
    expect(hops.slice(1)).toMatchObject([
      { receiver: { title: 'a.example:81', fact: { idle: { ms: 20_000 } } }, verdict: 'wrong', reason: 'sender_never' },
      { receiver: { title: 'c.example:443', fact: { idle: { kind: 'unknown' } } }, verdict: 'wrong' },
    ])
  })

  test('the change is a plugin with a time below that of every target, behind those that are on', () => {
    const outcome = checked(`  plugins: {sequence: [oauth]}${PROXIES}`, {
      targets: { 'a.example:81': 'tomcat', 'c.example:443': '5s' },
    })
    const change = outcome.changes.find(({ file }) => file !== null)
    expect(change).toMatchObject({
      file: FILE,
      lines: [
        'edgemicro:',
        '  plugins:',
        '    dir: /opt/edgemicro/plugins',
        '    sequence:',
        '      - oauth',
        `      - ${IDLE_PLUGIN}`,
        `${IDLE_PLUGIN}:`,
        `  timeout: 3500`,
      ],
    })
  })

  test('of a target that is not known, the change is to find out', () => {
    const { changes } = checked(PROXIES, { targets: { 'a.example:81': '1s' } })
    expect(changes.map(({ lines }) => lines[0])).toEqual(['hangup keepalive probe c.example:443', undefined])
    const unknown = checked(PLUGIN(4000) + PROXIES)
    expect(unknown.verdict).toBe('unknown')
    expect(unknown.changes).toMatchObject([{ what: expect.stringContaining('a.example:81 (and 1 more)') }])
  })

  test('no plugin is advised that would have to be faster than a round trip', () => {
    expect(linesOf(checked('', { targets: { 'a:1': '1s' } }))).not.toContain(IDLE_PLUGIN)
  })

  test.each([
    ['below the target', 4000, '5.2s', 'ok'],
    ['above the target', 4000, '4s', 'wrong'],
    ['and a target that is not known', 4000, undefined, 'unknown'],
  ])('the plugin, %s', (_, pluginMs, target, verdict) => {
    const { hops } = checked(PLUGIN(pluginMs) + PROXIES, {
      targets: target === undefined ? {} : { 'a.example:81': target },
    })
    expect(hops[1]).toMatchObject({ sender: { fact: { idle: { ms: pluginMs } } }, verdict })
  })

  test('a plugin that is on without a time is unknown', () => {
    const { hops } = checked(`  plugins: {sequence: [${IDLE_PLUGIN}]}`, { targets: { 'a:1': '5s' } })
    expect(hops[1]).toMatchObject({ verdict: 'unknown', reason: 'sender_unknown' })
  })

  test('the last agent of a target to drop its connections counts', () => {
    const text = `
  plugins: {sequence: [${IDLE_PLUGIN}]}
${IDLE_PLUGIN}:
  timeout: 4s
  proxies: {/b/: 9s}
  targets: {"c.example:443": 500ms}${PROXIES}`
    const { hops } = checked(text, { targets: { 'a.example:81': '20s', 'c.example:443': '2s' } })
    expect(hops.slice(1)).toMatchObject([
      { sender: { fact: { idle: { ms: 9000 } } }, verdict: 'ok' },
      { sender: { fact: { idle: { ms: 500 } } }, verdict: 'ok' },
    ])
  })

  test("the plugin's own times count where the configuration has none", () => {
    const text = `  plugins: {sequence: [${IDLE_PLUGIN}]}${PROXIES}`
    const defaults = { timeoutMs: 4000, proxies: { '/c': 3000 }, targets: { 'a.example:81': 2000 } }
    expect(checked(text, { defaults }).hops.slice(1)).toMatchObject([
      { sender: { fact: { idle: { ms: 2000 } } } },
      { sender: { fact: { idle: { ms: 3000 } } } },
    ])
    expect(checked(text).hops[1]).toMatchObject({ sender: { fact: { idle: { kind: 'unknown' } } }, verdict: 'unknown' })
  })

  test('of a plugin that is on already, the change is its time alone', () => {
    const { changes } = checked(PLUGIN(9000), { targets: { 'a:1': '5s' } })
    expect(changes[0].lines).toEqual([`${IDLE_PLUGIN}:`, '  timeout: 3500'])
  })

  test('an estimate counts where nothing is described, and only there', () => {
    const estimates = new Map([
      ['a.example:81', { lowMs: 8900, highMs: 9100 }],
      ['c.example:443', { lowMs: 8900, highMs: 9100 }],
    ])
    const { hops } = checked(PLUGIN(6000) + PROXIES, { targets: { 'a.example:81': '7s' }, estimates })
    expect(hops.slice(1)).toMatchObject([
      { receiver: { fact: { idle: { ms: 7000 }, source: 'given' } }, verdict: 'wrong' },
      { receiver: { fact: { idle: { ms: 8900 }, source: 'estimated' } }, verdict: 'ok' },
    ])
  })

  test('without a target in the configuration there is one that is not known', () => {
    expect(checked('').hops[1]).toMatchObject({ receiver: { role: 'target', title: '' }, verdict: 'wrong' })
  })

  test('limits of requests and targets of others are notes', () => {
    const outcome = checked(PROXIES, { targets: { 'x.example:1': 'tomcat' } })
    expect(codesOf(outcome)).toEqual(expect.arrayContaining(['request_limit note', 'target_not_configured note']))
  })

  test('a target that the logs alone know is checked, and said not to be configured', () => {
    const estimates = new Map([['x.example:1', { lowMs: 4900, highMs: 5100 }]])
    const outcome = checked(PLUGIN(4000) + PROXIES, { estimates })
    expect(outcome.hops.at(-1)).toMatchObject({ receiver: { title: 'x.example:1' }, verdict: 'wrong' })
    expect(codesOf(outcome)).toContain('target_not_configured note')
  })

  test('a NAT is no limit where probes come more often than it forgets', () => {
    const nat = { title: 'AWS NLB', ms: 350_000 }
    const often = checked('', { nat, targets: { 'a:1': 'never' } })
    expect(often.hops[1]).toMatchObject({ limits: [], verdict: 'ok' })
    const seldom = { timeMs: null, intervalMs: 400_000, probes: null }
    expect(checked('', { nat, os: seldom, targets: { 'a:1': 'never' } }).hops[1]).toMatchObject({
      limits: [nat],
      verdict: 'wrong',
    })
  })
})

describe('the answer as a whole', () => {
  const right = `  keep_alive_timeout: 65000${PLUGIN(4000)}`

  test('is ok where every hop is', () => {
    const outcome = checked(right, { client: 'aws-alb', targets: { 'a:1': 'apache=6s' } })
    expect(outcome).toMatchObject({ verdict: 'ok', changes: [] })
  })

  test('is unknown where nothing is wrong and something not known', () => {
    expect(checked(right, { targets: { 'a:1': '6s' } }).verdict).toBe('unknown')
  })

  test("says that the operating system's time does not govern this, and how to see it", () => {
    const { findings } = checked(PROXIES, { os: { timeMs: 7_200_000, intervalMs: 75_000, probes: 9 } })
    const { text } = findings.find(({ code }) => code === 'os_keep_alive') ?? { text: '' }
    expect(text).toContain('7200 s here')
    expect(text).toContain("ss -tno state established '( dport = :81 )'")
    expect(checked('').findings.at(-1)?.text).toContain('not known on this system')
  })
})
