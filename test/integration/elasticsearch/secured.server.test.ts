import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { corpusLogs } from '../../fault/logs.js'
import { type CliResult, finished, ndjson, projectDirectory } from '../../support/cli.js'
import { ask, count, demand, eventually } from '../../support/elasticsearch/cluster.js'
import { SELECTED_PROFILE as profile } from '../../support/elasticsearch/selection.mjs'
import { startElasticsearch } from '../../support/elasticsearch/server.mjs'
import { type Privileges, Secured } from './secured.js'

const PIPELINE = path.join(projectDirectory, 'pipelines/tail-to-elasticsearch.yaml')
/** Ways to sign in, and a log for each. */
const RUNS = {
  'a password out of a variable': 'i-337-c-error-116',
  'a file with the password': 'i-316-c-warn-114',
  'an API key out of a variable': 'i-337-b-warn-113',
  'a file with the API key': 'i-316-b-error-118',
} as const

type Way = keyof typeof RUNS

const WAYS = Object.keys(RUNS) as readonly Way[]

/** With one line that nobody can use: so there is a file of dead letters to look through. */
const UNUSABLE = Buffer.from('\0\0\0\0\n')

let secured: Secured
/** Of the first log, as `hangup failures` gives them without any store. */
let failures: number

beforeAll(async () => {
  secured = new Secured(await startElasticsearch({ profile, secure: true }))
  for (const [way, run] of Object.entries(RUNS)) {
    const [{ name, bytes }] = corpusLogs(run)
    secured.sandbox.write(path.join(way, name), Buffer.concat([bytes, UNUSABLE]))
  }
  failures = await failuresOf(WAYS[0])
}, 300_000)

afterAll(async () => {
  secured?.sandbox.remove()
  await secured?.server.remove()
})

const into = (prefix: string, way: Way = WAYS[0]) => ({ HANGUP_PREFIX: prefix, LOGS: secured.sandbox.path(way) })

async function failuresOf(way: Way): Promise<number> {
  const { stdout } = await secured.sandbox.hangup(['failures', secured.sandbox.path(way)])
  return stdout.trimEnd().split('\n').length
}

/** A pipeline file like the shipped one, with other ways to sign in. */
function pipelineWith(name: string, auth: Readonly<Record<string, string>>): string {
  const lines = Object.entries(auth).map(([option, value]) => `        ${option}: ${value}\n`)
  const shipped = fs.readFileSync(PIPELINE, 'utf8')
  const text = shipped.replace(/( {6}auth:\n)(?: {8}.*\n)+/, (_, head: string) => head + lines.join(''))
  expect(text).not.toBe(shipped)
  return secured.sandbox.write(`${name}.yaml`, text)
}

function expectDone({ code, stderr }: CliResult): void {
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
}

const wrong = (secret: string): string => secured.hide(`x${secret.slice(1, -2)}xx`)

/** Each as the pipeline file has it, and the environment that it takes the secret from. */
function waysToSignIn(secretOf: (secret: string) => string, key: string) {
  const { username, password } = secured.server
  const [user, pass, apiKey] = [username!, secretOf(password!), secretOf(key)]
  secured.hide(Buffer.from(`${user}:${pass}`).toString('base64'))
  return {
    'a password out of a variable': [{ username: user, password: `\${MY_PASSWORD}` }, { MY_PASSWORD: pass }],
    'a file with the password': [{ username: user, passwordFile: secured.secretFile('secrets/password', pass) }, {}],
    'an API key out of a variable': [{ apiKey: `\${MY_KEY}` }, { MY_KEY: apiKey }],
    'a file with the API key': [{ apiKeyFile: secured.secretFile('secrets/key', apiKey) }, {}],
  } as const satisfies Record<Way, unknown>
}

const ALL = { cluster: ['all'], indices: ['all'] }

describe('the certificate', () => {
  test('that no authority vouches for is not trusted', async () => {
    const { code, stdout, stderr } = await secured.hangup(['setup', 'elasticsearch', '--debug'], {
      ...secured.superuser,
      ELASTICSEARCH_CA: '',
    })
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(
      /^hangup: the certificate of Elasticsearch is not trusted: https:\S+ \(self-signed certificate/,
    )
    expect(stderr).toContain("give its certificate authority's certificate with the option ca")
  })

  test('that is made for another host is not trusted', async () => {
    const [key, ca] = ['other.key', 'other.pem'].map((name) => secured.sandbox.path(name))
    const made = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-keyout', key, '-out', ca]
    const subject = ['-subj', '/CN=elsewhere.example', '-addext', 'subjectAltName=DNS:elsewhere.example']
    execFileSync('openssl', [...made, ...subject], { stdio: 'ignore' })
    const other = https.createServer({ key: fs.readFileSync(key), cert: fs.readFileSync(ca) }, (_, response) => {
      response.end('{}')
    })
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    try {
      const url = `https://127.0.0.1:${(other.address() as AddressInfo).port}`
      const { code, stderr } = await secured.hangup(['setup', 'elasticsearch', '--url', url, '--ca', ca], {
        ...secured.superuser,
      })
      expect(code).toBe(1)
      expect(stderr).toMatch(/^hangup: the certificate of Elasticsearch is not trusted: .*altnames.*\n.*the host name/)
    } finally {
      other.close()
    }
  })
})

describe('who signs in', () => {
  let key: string

  beforeAll(async () => {
    key = (await secured.keyFor('*', ALL)).encoded
  })

  test.each(WAYS)('with %s stores what the log holds', async (way) => {
    const [auth, environment] = waysToSignIn((secret) => secret, key)[way]
    const before = await count('ways-failures*', secured.server)
    const commandLine = ['run', pipelineWith('ways', auth), '--once']
    expectDone(await secured.hangup(commandLine, { ...into('ways', way), ...environment }))
    const stored = (await count('ways-failures*', secured.server)) - before
    expect({ stored, isSome: stored > 0 }).toEqual({ stored: await failuresOf(way), isSome: true })
  })

  test('by the environment gets its answers from commands that are given a URL', async () => {
    const { superuser, server } = secured
    const prefix = 'commands'
    const shipped = { ...into(prefix), ELASTICSEARCH_API_KEY: key }
    const passwordFile = secured.secretFile('secrets/password', server.password!)
    const byFile = { ELASTICSEARCH_USERNAME: server.username!, ELASTICSEARCH_PASSWORD_FILE: passwordFile }
    const setUp = await secured.hangup(['setup', 'elasticsearch', '--prefix', prefix], byFile)
    expectDone(setUp)
    expectDone(await secured.hangup(['run', PIPELINE, '--once'], shipped))
    expectDone(await secured.hangup(['check', PIPELINE, '--connect'], { ...into(prefix), ...superuser }))
    const asked = await secured.hangup(['frequency', '--store', server.url, '--prefix', prefix, '--json'], {
      ELASTICSEARCH_API_KEY_FILE: secured.secretFile('secrets/key', key),
    })
    expectDone(asked)
    const { rows } = JSON.parse(asked.stdout)
    const sum = rows.reduce((all: number, row: { failures: number }) => all + row.failures, 0)
    expect(sum).toBe(failures)
    const verified = await secured.hangup(['verify', PIPELINE], { ...into(prefix), ...superuser })
    expectDone(verified)
    expect(verified.stdout).toMatch(/the same/)
  })

  test.each(WAYS)('with %s that is wrong is refused, and stores nothing', async (way) => {
    const [auth, environment] = waysToSignIn(wrong, key)[way]
    const prefix = `wrong${WAYS.indexOf(way)}`
    const commandLine = ['run', pipelineWith(prefix, auth), '--once', '--debug']
    const result = await secured.hangup(commandLine, { ...into(prefix), ...environment })
    expectDenied(result, /^hangup: GET \/ answered 401: https:\S+ \(security_exception: unable to authenticate/)
    expect(await count(`${prefix}-*`, secured.server)).toBe(0)
  })

  test.each(['setup', 'frequency', 'verify'])('wrongly gets no answer from %s', async (command) => {
    const commandLines: Readonly<Record<string, readonly string[]>> = {
      setup: ['setup', 'elasticsearch', '--debug'],
      frequency: ['frequency', '--store', secured.server.url, '--debug'],
      verify: ['verify', PIPELINE, '--debug'],
    }
    const environment = { ...into('nobody'), ELASTICSEARCH_API_KEY: wrong(key) }
    const result = await secured.hangup(commandLines[command], environment)
    expectDenied(result, /^hangup: .* answered 401: https:\S+ \(security_exception: unable to authenticate/)
  })

  test('wrongly ends a run that would follow its input, too', async () => {
    const environment = { ...into('followed'), ...secured.superuser, ELASTICSEARCH_PASSWORD: wrong('password-1') }
    const result = await secured.hangup(['run', PIPELINE, '--debug'], environment)
    expectDenied(result, /^hangup: GET \/ answered 401/m)
    expect(fs.existsSync(secured.sandbox.path('state', 'tail-to-elasticsearch.checkpoint'))).toBe(false)
  })

  function expectDenied({ code, stdout, stderr }: CliResult, message: RegExp): void {
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(message)
    expect(stderr).toContain('check user, password or API key, and the privileges that the README lists')
  }
})

describe('a run whose key is invalidated in the middle', () => {
  const prefix = 'middle'
  const [log] = corpusLogs('c-337-pcap-105')
  const half = log.bytes.indexOf('\n', log.bytes.length / 2) + 1
  let file: string
  let pipeline: string
  let environment: Readonly<Record<string, string>>

  beforeAll(() => {
    const { sandbox, place } = secured
    file = sandbox.write(path.join('live', log.name), log.bytes.subarray(0, half))
    pipeline = pipelineWith(prefix, { apiKeyFile: sandbox.path('secrets/rotated') })
    environment = { ...place, HANGUP_PREFIX: prefix, LOGS: sandbox.path('live') }
  })

  test('ends, and marks nothing as done that is not stored', async () => {
    await followTo(half)
    const before = await documents()
    const { key, child, ended } = await follow()
    try {
      await once(child.stderr, 'data')
      await demand('DELETE', '/_security/api_key', { ids: [key.id] }, secured.server)
      fs.appendFileSync(file, log.bytes.subarray(half))
      const { code, stdout, stderr } = await ended
      secured.expectHidden({ stdout, stderr })
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
      expect(stderr).toMatch(/^hangup: \S+ \S+ answered 401: .*security_exception: .*invalidated/m)
      expect({ documents: await documents(), storedThrough: storedThrough() }).toEqual({
        documents: before,
        storedThrough: half,
      })
    } finally {
      child.kill('SIGKILL')
    }
  })

  test('goes on with another key, and nothing is missing', async () => {
    await followTo(log.bytes.length)
    const { code, stdout } = await secured.hangup(['verify', pipeline], { ...environment, ...secured.superuser })
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('the same') })
  })

  /** Stops the run when its last failure is stored: what it has read by then is saved as done. */
  async function followTo(end: number): Promise<void> {
    const { stdout } = await secured.sandbox.hangup(['failures', '-'], { stdin: log.bytes.subarray(0, end) })
    const failures = ndjson(stdout).length
    const { child, ended } = await follow()
    try {
      await eventually('the failures are stored', async () => {
        const found = await ask<{ count?: number }>('GET', `/${prefix}-failures*/_count`, undefined, secured.server)
        return (found.body.count ?? 0) >= failures || child.exitCode !== null
      })
      child.kill('SIGTERM')
      const { code, stdout, stderr } = await ended
      secured.expectHidden({ stdout, stderr })
      expect({ code, stdout, stderr: code === 143 ? '' : stderr }).toEqual({ code: 143, stdout: '', stderr: '' })
    } finally {
      child.kill('SIGKILL')
    }
    expect(storedThrough()).toBe(end)
  }

  async function follow() {
    const key = await secured.keyFor(prefix, ALL)
    secured.secretFile('secrets/rotated', key.encoded)
    const commandLine = ['run', pipeline, '--debug']
    const child = secured.sandbox.start(commandLine, { environment })
    child.stdin.end()
    return { key, child, ended: finished(child, commandLine, 120_000) }
  }

  const documents = () => count(`${prefix}-failures*,${prefix}-traffic*`, secured.server)

  /** As the checkpoint has it. */
  function storedThrough(): number {
    const checkpoint = secured.sandbox.path('state', 'tail-to-elasticsearch.checkpoint')
    if (!fs.existsSync(checkpoint)) return 0
    const { files } = JSON.parse(fs.readFileSync(checkpoint, 'utf8'))
    return files.reduce((sum: number, each: { storedThrough: number }) => sum + each.storedThrough, 0)
  }
})

/** What the README lists: each one of them is needed, and no other one. */
const SETUP = { cluster: ['manage_index_templates', 'manage_ilm'], indices: ['manage'] }
const NEEDED: Readonly<Record<Purpose, Privileges>> = {
  'the sink with setup: false': { cluster: [], indices: ['read', 'write', 'create_index', 'maintenance'] },
  'setup elasticsearch': SETUP,
  'the sink with setup: true': { cluster: SETUP.cluster, indices: ['read', 'write', 'manage'] },
  'frequency --store': { cluster: [], indices: ['read'] },
  verify: { cluster: [], indices: ['read', 'maintenance'] },
}

type Purpose =
  | 'the sink with setup: false'
  | 'setup elasticsearch'
  | 'the sink with setup: true'
  | 'frequency --store'
  | 'verify'

const PURPOSES = Object.keys(NEEDED) as readonly Purpose[]

/** As the rows of its table begin. */
const TITLES: Readonly<Record<Purpose, string>> = {
  'the sink with setup: false': 'the sink, `setup: false`',
  'setup elasticsearch': '`setup elasticsearch`',
  'the sink with setup: true': 'the sink, `setup: true`',
  'frequency --store': '`frequency --store`',
  verify: '`verify`',
}

/** Of those that the server of the tests asks for: it has no lifecycle management. */
const isAsked = (privilege: string): boolean => privilege !== 'manage_ilm'

const LACKING = PURPOSES.flatMap((purpose) => {
  const { cluster, indices } = NEEDED[purpose]
  return [...cluster, ...indices].filter(isAsked).map((missing) => ({ purpose, missing }))
})

const MAKING: readonly string[] = ['create_index', 'manage', 'maintenance']

describe('a key with the privileges of the README', () => {
  /** Prefixes with all that a run leaves behind; `fresh…` have nothing. */
  const FILLED: Readonly<Record<Purpose, string>> = {
    'the sink with setup: false': 'by-sink',
    'setup elasticsearch': 'by-setup',
    'the sink with setup: true': 'by-both',
    'frequency --store': 'by-sink',
    verify: 'by-sink',
  }

  test.each(PURPOSES)('is enough for %s', async (purpose) => {
    const prefix = FILLED[purpose]
    if (purpose === 'the sink with setup: false') await secured.setUp(prefix)
    const result = await doAs(purpose, prefix, NEEDED[purpose])
    expectDone(result)
    if (purpose === 'frequency --store') expect(JSON.parse(result.stdout).rows).not.toEqual([])
    if (purpose === 'verify') expect(result.stdout).toContain('the same')
    if (purpose.startsWith('the sink')) expect(await count(`${prefix}-failures*`, secured.server)).toBe(failures)
  })

  test.each(LACKING)('is not enough for $purpose without $missing, which the error names', async (row) => {
    const { purpose, missing } = row
    const { cluster, indices } = NEEDED[purpose]
    const without = (privileges: readonly string[]) => privileges.filter((each) => each !== missing)
    // What makes something, or counts what is new, is missed where nothing is there yet.
    const prefix = MAKING.includes(missing) && purpose !== 'verify' ? `fresh-${missing}` : FILLED[purpose]
    const left = { cluster: without(cluster), indices: without(indices) }
    const { code, stdout, stderr } = await doAs(purpose, prefix, left)
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    const granted = new RegExp(
      `^hangup: .*is unauthorized for API key.*granted by the \\w+ privileges \\[.*\\b${missing}\\b`,
      'm',
    )
    expect(stderr).toMatch(granted)
    expect(stderr).toMatch(/^ {2}.*(privileges|setup: false)/m)
  })

  test.each([
    ['setup elasticsearch', 'makes indices', 'fine-setup', ['create_index', 'view_index_metadata']],
    [
      'the sink with setup: true',
      'does all it does',
      'fine-sink',
      ['read', 'write', 'create_index', 'maintenance', 'view_index_metadata'],
    ],
    ['frequency --store', 'sees what was just stored', FILLED['frequency --store'], ['read', 'maintenance']],
  ] as const)('%s %s without manage', async (purpose, _, prefix, indices) => {
    expectDone(await doAs(purpose, prefix, { cluster: ['manage_index_templates'], indices }))
  })

  test.each([
    { with: SETUP, answer: true },
    { with: { cluster: ['manage_index_templates'], indices: ['create_index', 'view_index_metadata'] }, answer: false },
  ])('may have lifecycle management delete old indices: $answer with $with', async ({ with: privileges, answer }) => {
    const { encoded } = await secured.keyFor('lifecycle', privileges)
    const { url, caFile } = secured.server
    const cluster = ['cluster:admin/ilm/get', 'cluster:admin/ilm/put']
    // A policy is carried out in the name of whoever put it: it looks at an index, and deletes it.
    const index = [{ names: ['lifecycle-1'], privileges: ['indices:monitor/stats', 'indices:admin/delete'] }]
    const asked = await demand<{ cluster: Record<string, boolean>; index: Record<string, Record<string, boolean>> }>(
      'POST',
      '/_security/user/_has_privileges',
      { cluster, index },
      { url, caFile, apiKey: encoded },
    )
    const answers = [...Object.values(asked.cluster), ...Object.values(asked.index['lifecycle-1'])]
    expect(answers).toEqual([answer, answer, answer, answer])
  })

  test('stands in the README', () => {
    const readme = fs.readFileSync(path.join(projectDirectory, 'README.md'), 'utf8')
    const listOf = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(', ')
    // Whatever else a row says, it lists no other one.
    const startsWith = (list: string) => new RegExp(`^${list}(?:$| \\()`)
    for (const purpose of PURPOSES) {
      const [, cluster, indices] = readme.match(
        new RegExp(`^\\| [^|\\n]*${TITLES[purpose]}[^|\\n]* \\|(.*?)\\|(.*?)\\|$`, 'm'),
      )!
      expect({ purpose, cluster: cluster.trim(), indices: indices.trim() }).toEqual({
        purpose,
        cluster: expect.stringMatching(startsWith(listOf(NEEDED[purpose].cluster))),
        indices: expect.stringMatching(startsWith(listOf(NEEDED[purpose].indices))),
      })
    }
  })

  async function doAs(purpose: Purpose, prefix: string, privileges: Privileges): Promise<CliResult> {
    const { encoded } = await secured.keyFor(prefix, privileges)
    const environment = { ...into(prefix), ELASTICSEARCH_API_KEY: encoded }
    const setup = `sinks[0].elasticsearch.setup=${purpose === 'the sink with setup: true'}`
    const commandLines: Readonly<Record<Purpose, readonly string[]>> = {
      'the sink with setup: false': ['run', PIPELINE, '--once', '--set', setup],
      'the sink with setup: true': ['run', PIPELINE, '--once', '--set', setup],
      'setup elasticsearch': ['setup', 'elasticsearch', '--prefix', prefix],
      'frequency --store': ['frequency', '--store', secured.server.url, '--prefix', prefix, '--json'],
      verify: ['verify', PIPELINE],
    }
    return secured.hangup(commandLines[purpose], environment)
  }
})

test('no secret is in what runs leave behind', () => {
  const state = secured.sandbox.path('state')
  const letters = fs.readdirSync(state).filter((name) => name.endsWith('.dead-letters.ndjson'))
  expect(letters.map((name) => fs.statSync(path.join(state, name)).size > 0)).toContain(true)
  expect(secured.filesWithSecrets(state)).toEqual([])
})
