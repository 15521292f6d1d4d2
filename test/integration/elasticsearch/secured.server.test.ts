import fs from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type CliResult, finished, projectDirectory, Sandbox } from '../../support/cli.js'
import { count, demand, eventually } from '../../support/elasticsearch/cluster.js'
import { SELECTED_PROFILE } from '../../support/elasticsearch/selection.mjs'
import { type ElasticsearchServer, startElasticsearch } from '../../support/elasticsearch/server.mjs'
import { clientHalf, infoLine, targetHalf } from '../../support/lines.js'

const PIPELINE = path.join(projectDirectory, 'pipelines/tail-to-elasticsearch.yaml')
const NO_SETUP = ['--set', 'sinks[0].elasticsearch.setup=false']
/** A half before midnight and one after it: what is stored of the first is read, moved and removed. */
const LINES = [
  infoLine({ at: 0, correlationId: 'a0000000-0000-4000-8000-000000000001' }),
  targetHalf({ at: 1 }),
  clientHalf({ at: 2 }),
]

const sandbox = new Sandbox()
let server: ElasticsearchServer
let prefixes = 0

beforeAll(async () => {
  sandbox.write('logs/edgemicro-gw-1-1-api.log', `${LINES.join('\n')}\n`)
  server = await startElasticsearch({ profile: SELECTED_PROFILE, secure: true })
}, 300_000)

afterAll(async () => {
  await server?.remove()
  sandbox.remove()
})

const newPrefix = (): string => `secured-${prefixes++}`

interface Role {
  readonly cluster: readonly string[]
  readonly index: readonly string[]
}

async function apiKey(prefix: string, { cluster, index }: Role): Promise<{ encoded: string; id: string }> {
  const role = { cluster, indices: [{ names: [`${prefix}-*`], privileges: index }] }
  return demand('POST', '/_security/api_key', { name: prefix, role_descriptors: { role } }, server)
}

/** Variables by which the shipped pipeline and the commands sign in; those that are not given stay empty. */
function environmentOf(prefix: string, credentials: Readonly<Record<string, string>>): Record<string, string> {
  return {
    LOGS: sandbox.path('logs'),
    ELASTICSEARCH_URL: server.url,
    ELASTICSEARCH_CA: server.caFile ?? '',
    HANGUP_PREFIX: prefix,
    HANGUP_STATE: sandbox.path('state', prefix),
    ...credentials,
  }
}

const superuser = () => ({
  ELASTICSEARCH_USERNAME: server.username ?? '',
  ELASTICSEARCH_PASSWORD: server.password ?? '',
})

function hangup(commandLine: readonly string[], prefix: string, credentials: Readonly<Record<string, string>>) {
  return sandbox.hangup(commandLine, { environment: environmentOf(prefix, credentials), timeoutMs: 60_000 })
}

/** What goes wrong is told once, with what to do, and no secret is in it. */
function expectDenied({ code, stdout, stderr }: CliResult, reason: RegExp, secrets: readonly string[]): void {
  expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(reason) })
  for (const secret of secrets) expect(stdout + stderr).not.toContain(secret)
}

describe('a secured server', () => {
  test('takes user and password, from the environment or a file, and its own certificate authority', async () => {
    const passwordFile = sandbox.write('password', `${server.password}\n`)
    const prefix = newPrefix()
    expect(await hangup(['run', PIPELINE, '--once'], prefix, superuser())).toMatchObject({ code: 0 })
    const pipeline = sandbox.write(
      'password-file.yaml',
      fs
        .readFileSync(PIPELINE, 'utf8')
        .replace(/password: .*/, `passwordFile: ${JSON.stringify(passwordFile)}`)
        .replace(/ +apiKey: .*\n/, ''),
    )
    const user = { ELASTICSEARCH_USERNAME: server.username ?? '' }
    expect(await hangup(['run', pipeline, '--once'], prefix, user)).toMatchObject({ code: 0 })
    expect(await count(`${prefix}-failures`, server)).toBe(1)
    const withFile = { ...user, ELASTICSEARCH_PASSWORD_FILE: passwordFile }
    const { code, stdout } = await hangup(['frequency', '--store', server.url, '--prefix', prefix], prefix, withFile)
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('10.0.0.9:8080') })
    expect(await hangup(['verify', pipeline], prefix, user)).toMatchObject({ code: 0 })
  })

  test('takes an API key, from the environment or a file', async () => {
    const prefix = newPrefix()
    const { encoded } = await apiKey(prefix, { cluster: ['all'], index: ['all'] })
    expect(await hangup(['run', PIPELINE, '--once'], prefix, { ELASTICSEARCH_API_KEY: encoded })).toMatchObject({
      code: 0,
    })
    const file = sandbox.write('key', `${encoded}\n`)
    const pipeline = sandbox.write(
      'key-file.yaml',
      fs
        .readFileSync(PIPELINE, 'utf8')
        .replace(/auth:\n.*\n.*\n.*\n/, `auth: { apiKeyFile: ${JSON.stringify(file)} }\n`),
    )
    expect(await hangup(['run', pipeline, '--once'], prefix, {})).toMatchObject({ code: 0 })
    expect(await count(`${prefix}-failures`, server)).toBe(1)
    const withFile = { ELASTICSEARCH_API_KEY_FILE: file }
    expect(await hangup(['frequency', '--store', server.url, '--prefix', prefix], prefix, withFile)).toMatchObject({
      code: 0,
    })
  })

  test.each([
    [
      'a wrong password',
      { ELASTICSEARCH_USERNAME: 'hangup_test', ELASTICSEARCH_PASSWORD: 'wr0ng-s3cret' },
      'wr0ng-s3cret',
    ],
    ['a wrong API key', { ELASTICSEARCH_API_KEY: 'bm8tc3VjaDprZXktdGhhdC1pcw==' }, 'bm8tc3VjaDprZXktdGhhdC1pcw'],
  ])(
    'refuses %s: the run ends at once, and nothing secret is told, with --debug neither',
    async (_, credentials, secret) => {
      const prefix = newPrefix()
      for (const options of [['--once'], []]) {
        const result = await hangup(['--debug', 'run', PIPELINE, ...options], prefix, credentials)
        expectDenied(result, /answered 401.*check user, password or API key/s, [secret])
      }
      expect(fs.existsSync(sandbox.path('state', prefix, 'tail-to-elasticsearch.checkpoint'))).toBe(false)
    },
  )

  test('is not trusted without its certificate authority', async () => {
    const credentials = { ...superuser(), ELASTICSEARCH_CA: '' }
    const result = await hangup(['run', PIPELINE, '--once'], newPrefix(), credentials)
    expectDenied(result, /certificate of Elasticsearch is not trusted.*option ca/s, [server.password ?? ''])
  })

  test('takes a key away from a run that follows: it ends, and goes on with another key where it was', async () => {
    const prefix = newPrefix()
    const log = sandbox.write(`${prefix}/edgemicro-gw-2-1-api.log`, `${LINES.join('\n')}\n`)
    const role = { cluster: ['manage_index_templates'], index: ['all'] }
    const start = async (): Promise<{ id: string; child: ReturnType<Sandbox['start']>; ended: Promise<CliResult> }> => {
      const { encoded, id } = await apiKey(prefix, role)
      const environment = { ...environmentOf(prefix, { ELASTICSEARCH_API_KEY: encoded }), LOGS: log }
      const child = sandbox.start(['run', PIPELINE], { environment })
      return { id, child, ended: finished(child, ['run'], 60_000) }
    }
    const first = await start()
    await eventually('the failure is stored', async () => (await count(`${prefix}-failures`, server)) === 1)
    await demand('DELETE', '/_security/api_key', { ids: [first.id] }, server)
    const correlationId = 'b0000000-0000-4000-8000-000000000002'
    fs.appendFileSync(log, `${targetHalf({ at: 5_000, correlationId })}\n${clientHalf({ at: 5_001, correlationId })}\n`)
    expect(await first.ended).toMatchObject({ code: 1, stderr: expect.stringContaining('answered 401') })
    const second = await start()
    await eventually('both failures are stored', async () => (await count(`${prefix}-failures`, server)) === 2)
    second.child.kill('SIGTERM')
    expect(await second.ended).toMatchObject({ code: 143 })
  })
})

describe('the privileges that the README lists', () => {
  const sink = ['read', 'write', 'create_index', 'maintenance']
  const setup: Role = { cluster: ['manage_index_templates'], index: ['view_index_metadata', 'create_index'] }
  const roles: readonly (readonly [string, Role, (prefix: string) => readonly (readonly string[])[]])[] = [
    ['the sink that sets up nothing', { cluster: [], index: sink }, () => [['run', PIPELINE, '--once', ...NO_SETUP]]],
    ['setup elasticsearch', setup, (prefix) => [['setup', 'elasticsearch', '--prefix', prefix]]],
    [
      'the sink that sets up what is missing',
      { cluster: setup.cluster, index: [...sink, 'view_index_metadata'] },
      () => [['run', PIPELINE, '--once']],
    ],
    [
      'frequency',
      { cluster: [], index: ['read'] },
      (prefix) => [['frequency', '--store', server.url, '--prefix', prefix]],
    ],
    ['verify', { cluster: [], index: ['read', 'maintenance'] }, () => [['verify', PIPELINE]]],
  ]

  test.each(roles)('are what it takes, none too many: %s', async (name, role, commandLines) => {
    const attempt = async (privileges: Role): Promise<CliResult> => {
      const prefix = newPrefix()
      const { encoded } = await apiKey(prefix, privileges)
      if (/verify|frequency/.test(name)) await hangup(['run', PIPELINE, '--once'], prefix, superuser())
      if (name.includes('nothing')) await hangup(['setup', 'elasticsearch', '--prefix', prefix], prefix, superuser())
      let result: CliResult | null = null
      for (const commandLine of commandLines(prefix)) {
        result = await hangup(commandLine, prefix, { ELASTICSEARCH_API_KEY: encoded })
      }
      return result!
    }
    const { code, stderr } = await attempt(role)
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
    for (const kind of ['cluster', 'index'] as const) {
      for (const taken of role[kind]) {
        const left = role[kind].filter((privilege) => privilege !== taken)
        // Elasticsearch takes no role without any privilege; this one allows nothing that is needed.
        const result = await attempt({ ...role, [kind]: left.length > 0 || kind === 'cluster' ? left : ['monitor'] })
        expect({ taken, code: result.code }).toEqual({ taken, code: 1 })
        expect(result.stderr).toMatch(/unauthorized|not allowed/)
      }
    }
  })
})
