import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import zlib from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { list, type ReadEntry } from 'tar'
import { Conversation, classic } from '../../pcap/packets.js'
import { finished, projectDirectory, Sandbox } from '../../support/cli.js'
import { clientHalf, infoLine, targetHalf } from '../../support/lines.js'
import { corpusRun } from '../../support/truth.js'
import { expectError } from './expect-error.js'
import { leaks } from './secrets.js'

const SAMPLES = path.join(projectDirectory, 'pipelines', 'samples')
const GATEWAY = path.join(projectDirectory, 'pipelines', 'gateway')
const CAPTURE = path.join(SAMPLES, 'races.pcap.gz')

const sandbox = new Sandbox()
afterAll(() => sandbox.remove())

interface Unpacked {
  /** Paths below the top folder. */
  readonly files: readonly string[]
  /** All content and all names, one behind the other. */
  readonly everything: string
  readonly directory: string
  text(name: string): string
}

let unpackedTimes = 0

/** With GNU tar, as whoever gets it would do. */
function unpack(archive: string): Unpacked {
  const outer = sandbox.path(`unpacked-${unpackedTimes++}`)
  fs.mkdirSync(outer)
  execFileSync('tar', ['-xzf', archive, '-C', outer])
  const tops = fs.readdirSync(outer)
  expect(tops).toHaveLength(1)
  const directory = path.join(outer, tops[0])
  const files = fs
    .readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => fs.lstatSync(path.join(directory, name)).isFile())
  const text = (name: string): string => fs.readFileSync(path.join(directory, name), 'utf8')
  return { files, directory, text, everything: [tops[0], ...files, ...files.map(text)].join('\n') }
}

async function bundle(out: string, ...args: readonly string[]) {
  const result = await sandbox.hangup(['bundle', '--out', sandbox.path(out), ...args])
  return { ...result, ...(result.code === 0 && { unpacked: unpack(sandbox.path(out)) }) }
}

const unpackedOf = async (out: string, ...args: readonly string[]): Promise<Unpacked> => {
  const { unpacked, stderr } = await bundle(out, ...args)
  if (unpacked === undefined) throw new Error(stderr)
  return unpacked
}

describe('a bundle of the samples', () => {
  let unpacked: Unpacked
  beforeAll(async () => {
    unpacked = await unpackedOf('samples.tar.gz', SAMPLES, '--gateway-config', GATEWAY, '--pcap', CAPTURE)
  })

  test('holds logs, configuration, answers, facts of the system, captures, and what is said of them', () => {
    expect(unpacked.files.filter((name) => !name.startsWith('logs/')).toSorted()).toEqual([
      'MANIFEST.json',
      'README.txt',
      'SHA256SUMS',
      'captures/races.pcapng',
      'configuration/acme-eval-test-cache-config.yaml',
      'configuration/acme-eval-test-config.yaml',
      'configuration/default.yaml',
      'keepalive-check.json',
      'keepalive-check.txt',
      'report.json',
      'report.txt',
      'system.json',
    ])
    const logs = fs.readdirSync(SAMPLES).filter((name) => name.endsWith('.log.gz'))
    expect(unpacked.files.filter((name) => name.startsWith('logs/')).toSorted()).toEqual(
      logs.map((name) => `logs/${name.replace(/\.gz$/, '')}`).toSorted(),
    )
  })

  test('has the checksums that it says', () => {
    const { files } = JSON.parse(unpacked.text('MANIFEST.json'))
    expect(files).toHaveLength(unpacked.files.length - 3)
    for (const { name, bytes } of files) expect(fs.statSync(path.join(unpacked.directory, name)).size).toBe(bytes)
    execFileSync('sha256sum', ['-c', '--quiet', 'SHA256SUMS'], { cwd: unpacked.directory })
  })

  test('has the report that hangup report gives, and its logs give it again', async () => {
    const bundled = JSON.parse(unpacked.text('report.json'))
    const original = await sandbox.hangup(['report', SAMPLES, '--gateway-config', GATEWAY, '--json'])
    expect(bundled).toEqual(JSON.parse(original.stdout))
    const logs = path.join(unpacked.directory, 'logs')
    const again = await sandbox.hangup(['report', logs, '--gateway-config', GATEWAY, '--json'])
    expect(JSON.parse(again.stdout)).toEqual(bundled)
  })

  test('has a capture in which hangup pcap finds the same races', async () => {
    const causes = async (file: string) => {
      const { stdout } = await sandbox.hangup(['pcap', file, '--json'])
      return JSON.parse(stdout).connections.map(
        ({ cause, closed_by: closer }: { cause: string; closed_by: string }) => ({
          cause,
          closer,
        }),
      )
    }
    const file = path.join(unpacked.directory, 'captures', 'races.pcapng')
    expect(await causes(file)).toEqual(await causes(CAPTURE))
  })

  test('is readable by its owner alone', () => {
    expect(fs.statSync(sandbox.path('samples.tar.gz')).mode & 0o777).toBe(0o600)
  })
})

describe('what must not leave', () => {
  /** Random as real ones are; each stands in one place. */
  const canaries: string[] = []
  const canary = (): string => {
    const index = canaries.length
    const token = Array.from(
      { length: 5 },
      (_, at) => `${'qZkWxT'[(index + at) % 6]}${(index * 7 + at * 31) % 97}vR${at}`,
    )
    canaries.push(token.join(''))
    return token.join('')
  }

  const jwt = (): string => `eyJhbGciOiJIUzI1NiJ9.${canary()}.${canary()}`

  function lines(): readonly string[] {
    const key = canary()
    const id = (number: number): string => `6b089a00-d3d6-11eb-95aa-9${String(number).padStart(11, '0')}`
    return [
      infoLine({ at: 0, clientId: key, correlationId: id(1) }),
      targetHalf({ at: 1, clientId: key, correlationId: id(1), url: `v2/orders?apikey=${canary()}&page=${canary()}` }),
      clientHalf({ at: 2, clientId: key, correlationId: id(1), url: `v2/orders/${key}/x#access_token=${canary()}` }),
      targetHalf({ at: 3, correlationId: id(2), url: `v2/reset/${canary()}/confirm` }),
      targetHalf({ at: 4, correlationId: id(3), url: `v2/${jwt()}/x`, clientId: canary() }),
      clientHalf({ at: 5, correlationId: id(4), errorMessage: `bad token ${canary()} of redis://u:${canary()}@r:1` }),
      infoLine({ at: 6, correlationId: id(5), message: `headers={"authorization":"Basic ${canary()}"}` }),
      `${infoLine({ at: 7 }).slice(0, 24)} debug 3 installed plugin from oauth and subconfig={"secret":"${canary()}"} `,
      `${infoLine({ at: 7 }).slice(0, 24)} error 3 failed with password=${canary()} at ${canary()} `,
      `    at fetch (https://user:${canary()}@host/x?y=${canary()})`,
      `    cookie: a=${canary()}; b=${canary()}`,
      `2026-11-23T02:32:06.276Z [error][torn][${canary()}`,
      `[${canary()}] no record at all`,
    ]
  }

  function configuration(): string {
    return `# rotated last week, was ${canary()}
edgemicro:
  port: 8000
  logging: {level: warn, dir: /var/tmp}
  redisPassword: ${canary()} # ${canary()}
  proxy: {url: "http://bob:${canary()}@proxy.example:3128"}
  ssl: {key: ${canary()}, passphrase: "${canary()}", pfx: ${canary()}}
edge_config:
  tlsOptions: {agentOptions: {key: ${canary()}, pfx: ${canary()}, passphrase: ${canary()}}}
quota: {gold: {allow: 5, redisPassword: ${canary()}}}
oauth: {jwk_keys: [{k: ${canary()}}], public_key: "-----BEGIN CERTIFICATE-----\\n${canary()}\\n-----END CERTIFICATE-----"}
targets:
  - ssl: {client: {httpsOptions: {key: ${canary()}, cert: ${canary()}, pfx: ${canary()}, passphrase: ${canary()}}}}
myplugin: &plugin
  hook: https://hooks.example/${canary()}
  anything: ${canary()}
  settings: [{deep: {er: ${canary()}}}]
  ${canary()}: true
other: *plugin
proxies:
  - {name: orders, base_path: /v2, url: "http://u:${canary()}@10.0.0.9:8080/x?key=${canary()}"}
`
  }

  test('stands nowhere in the archive, nor in what is printed', async () => {
    const text = `${lines().join('\n')}\n`
    const name = 'edgemicro-emg-dev-01-af837600-e6ea-11f1-8a20-cdd16feea2c8-1-api.log'
    const logs = [
      sandbox.write(`secrets/${canary()}/${name}`, text),
      sandbox.write(`secrets/x?token=${canary()}.log`, `${lines().join('\n')}\n`),
      sandbox.write(`secrets/edgemicro-${canary()}.log.gz`, zlib.gzipSync(`${lines().join('\n')}\n`)),
    ]
    for (const file of ['acme-eval-test-config.yaml', 'acme-eval-test-cache-config.yaml', 'default.yaml']) {
      sandbox.write(`.edgemicro/${file}`, configuration())
    }
    const conversation = new Conversation().open().exchange(`/x?key=${canary()}`, `HTTP/1.1 200 OK\r\n\r\n${canary()}`)
    const capture = sandbox.write(`secrets/password=${canary()}.pcap`, classic(conversation.packets))
    const environment = { API_TOKEN: canary(), EDGEMICRO_SECRET: canary(), PATH: `${process.env.PATH}:/${canary()}` }
    const state = sandbox.path('state')
    await sandbox.hangup(['parse', logs[0]])
    canaries.push(fs.readFileSync(path.join(state, 'redact.key'), 'utf8').trim())

    const printed: string[] = []
    for (const options of [['--dry-run'], ['--dry-run', '--json'], []]) {
      const args = ['bundle', ...logs, '--pcap', capture, '--out', sandbox.path('secrets.tar.gz'), ...options]
      const { code, stdout, stderr } = await sandbox.hangup(args, { environment })
      expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('log level is warn, not info') })
      printed.push(stdout, stderr)
    }
    const { everything, files, text: textOf } = unpack(sandbox.path('secrets.tar.gz'))
    expect(canaries.length).toBeGreaterThan(120)
    for (const [where, shown] of [
      ['archive', everything],
      ['output', printed.join('\n')],
    ]) {
      expect({ where, found: canaries.filter((each) => shown.includes(each)) }).toEqual({ where, found: [] })
      // Nor a large piece of one.
      const pieces = canaries.flatMap((each) => [each.slice(0, 10), each.slice(-10)])
      expect({ where, found: pieces.filter((each) => shown.includes(each)) }).toEqual({ where, found: [] })
    }
    expect(files).toEqual(expect.arrayContaining([`logs/${name}`, 'configuration/default.yaml']))
    expect(textOf(`logs/${name}`).split('\n')).toHaveLength(text.split('\n').length)
    expect(textOf('configuration/acme-eval-test-config.yaml')).toContain('base_path: /v2')
    expect(JSON.parse(textOf('MANIFEST.json')).masked).toContainEqual({
      file: 'configuration/default.yaml',
      setting: 'edgemicro.redisPassword',
      why: 'its name is that of a secret',
    })
  })

  test.each(['a-337-debug-120', 'f-337-106', 'f-316-112', 'g-337-plugins-123', 'g-337-console-117'])(
    'of the real gateway stands nowhere in a bundle of %s',
    async (name) => {
      const run = corpusRun(name)
      const { everything } = await unpackedOf(
        `${name}.tar.gz`,
        ...run.logs.map(({ file }) => file),
        '--gateway-config',
        run.configuration,
      )
      expect(leaks(run, everything)).toEqual([])
    },
  )
})

describe('names of files', () => {
  test('can not lead out of the one folder, whatever the inputs are called', async () => {
    const line = `${infoLine()}\n`
    const hostile = [
      '..',
      '-rf',
      '.bashrc',
      'a\nb',
      'a\u001b[2J',
      'a\\..\\b',
      'C:x',
      'CON',
      `${'x'.repeat(240)}`,
      'ü\u202egol',
    ]
    const logs = hostile.map((name, index) => sandbox.write(`hostile/${index}/${name}.log`, line))
    const link = sandbox.path('hostile/link.log')
    fs.symlinkSync('/etc/hostname', sandbox.path('hostile/target'))
    fs.symlinkSync(logs[3], link)
    const { code } = await bundle('hostile.tar.gz', ...logs, link)
    expect(code).toBe(0)
    const seen: ReadEntry[] = []
    await list({ file: sandbox.path('hostile.tar.gz'), onReadEntry: (entry: ReadEntry) => seen.push(entry) })
    expect(seen.length).toBeGreaterThan(hostile.length)
    const [top] = seen[0].path.split('/')
    for (const { path: name, type, mode, uid, gid, linkpath } of seen) {
      expect(name).toMatch(/^hangup-[\w.-]+\/(?:[a-z]+\/)?(?:\w[\w.-]*)?$/)
      expect(name.split('/')[0]).toBe(top)
      expect({ name, type, mode, uid, gid, linkpath }).toEqual({
        name,
        type: name.endsWith('/') ? 'Directory' : 'File',
        mode: name.endsWith('/') ? 0o755 : 0o644,
        uid: 0,
        gid: 0,
        linkpath: undefined,
      })
    }
  })

  test('that exist are never written over', async () => {
    const taken = sandbox.write('taken.tar.gz', 'mine')
    const result = await sandbox.hangup(['bundle', SAMPLES, '--out', taken])
    expectError(result, 2)
    expect(fs.readFileSync(taken, 'utf8')).toBe('mine')
  })

  test('by default tell host and time', async () => {
    const cwd = sandbox.path('default-name')
    fs.mkdirSync(cwd)
    const environment = { HANGUP_HOST: '../emg 1' }
    const { code } = await sandbox.hangup(['bundle', SAMPLES], { cwd, environment })
    expect(code).toBe(0)
    expect(fs.readdirSync(cwd)).toEqual([expect.stringMatching(/^hangup-__emg_1-\d{8}T\d{6}Z\.tar\.gz$/)])
  })
})

describe('bundle', () => {
  test('takes the lines of a time, in the logs and in the report', async () => {
    const log = sandbox.write(
      'range.log',
      [0, 60_000, 120_000].map((at) => `${clientHalf({ at, correlationId: `id-${at}` })}\n`).join(''),
    )
    const times = fs
      .readFileSync(log, 'utf8')
      .split('\n')
      .map((line) => line.slice(0, 24))
    const range = ['--since', times[1], '--until', times[2]]
    const { text } = await unpackedOf('range.tar.gz', log, ...range)
    expect(
      text('logs/range.log')
        .split('\n')
        .map((line) => line.slice(0, 24)),
    ).toEqual([times[1], ''])
    expect(JSON.parse(text('report.json'))).toMatchObject({ failures: 1, since: times[1], until: times[2] })
    expect(JSON.parse(text('MANIFEST.json'))).toMatchObject({ since: times[1], until: times[2] })
  })

  test('lists with --dry-run what would go in, and writes nothing', async () => {
    const cwd = sandbox.path('dry')
    fs.mkdirSync(cwd)
    const args = ['bundle', SAMPLES, '--gateway-config', GATEWAY, '--dry-run']
    const { code, stdout } = await sandbox.hangup(args, { cwd })
    expect([code, fs.readdirSync(cwd)]).toEqual([0, []])
    expect(stdout).toMatch(/^Would go into the archive: 13 files, [\d.]+ MB unpacked\n/)
    expect(stdout).toContain('oauth.public_key: key or certificate (PEM)')
    const json = JSON.parse((await sandbox.hangup([...args, '--json'], { cwd })).stdout)
    expect(json).toMatchObject({ archive: null, bytes: null })
    expect(json.files).toHaveLength(13)
    const again = JSON.parse((await sandbox.hangup([...args, '--json'], { cwd })).stdout)
    expect(again.files).toEqual(json.files)
  })

  test('goes on without the gateway where its configuration is broken or not there, and says so', async () => {
    const broken = sandbox.write('broken/acme-test-config.yaml', 'edgemicro: {port: 8000\nredisPassword: hunter2\n')
    const { stdout, unpacked } = await bundle('broken.tar.gz', SAMPLES, '--gateway-config', broken)
    expect(stdout).toContain('configuration/acme-test-config.yaml: its structure cannot be read')
    expect(unpacked?.everything).not.toContain('hunter2')
    const home = { HOME: sandbox.path('nobody') }
    const none = await sandbox.hangup(['bundle', SAMPLES, '--dry-run'], { environment: home })
    expect(none.code).toBe(0)
    expect(none.stdout).toContain('there is no ~/.edgemicro')
  })

  test('ends with 2 for a configuration that is not there, with 1 where an input is not, and makes the archive of the rest', async () => {
    expectError(await sandbox.hangup(['bundle', SAMPLES, '--gateway-config', '/nowhere', '--dry-run']), 2)
    expectError(await sandbox.hangup(['bundle', '/nowhere.log', '--dry-run']), 1)
    const noCapture = sandbox.write('no.pcap', 'text')
    const out = sandbox.path('rest.tar.gz')
    const result = await sandbox.hangup(['bundle', SAMPLES, '--pcap', noCapture, '--pcap', CAPTURE, '--out', out])
    expectError(result, 1)
    expect(unpack(out).files).toContain('captures/races.pcapng')
  })

  test('ends with 1 where its folder is not there', async () => {
    expectError(await sandbox.hangup(['bundle', SAMPLES, '--out', '/nowhere/a.tar.gz']), 1)
  })

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('leaves nothing behind when %s stops it', async (signal, code) => {
    const cwd = sandbox.path(`stopped-${code}`)
    fs.mkdirSync(cwd)
    const commandLine = ['bundle', '-', '--debug']
    const child = sandbox.start(commandLine, { cwd })
    const ended = finished(child, commandLine, 20_000)
    const lines = `${infoLine()}\n`.repeat(20_000)
    await new Promise<void>((resolve, reject) =>
      child.stdin.write(lines, (error) => (error ? reject(error) : resolve())),
    )
    child.kill(signal)
    expect(await ended).toMatchObject({ code, stdout: '' })
    expect(fs.readdirSync(cwd)).toEqual([])
  })
})
