import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { connectElasticsearch } from '../../../src/sinks/elasticsearch/connection.js'
import { installMissing } from '../../../src/sinks/elasticsearch/setup/setup.js'
import { Sandbox } from '../../support/cli.js'
import { failure, traffic } from '../../support/documents.js'

const url = serverUrl()
/** Elastic's own pieces on Maven Central have none, its distributions do: all of this holds on both. */
const hasLifecycle = (await fetch(`${url}/_ilm/policy`)).status === 200
const objects = hasLifecycle ? 12 : 8
const sandbox = new Sandbox()
const prefixes: string[] = []

afterAll(async () => {
  sandbox.remove()
  for (const prefix of prefixes) await removeAll(prefix)
})

function newPrefix(): string {
  // With all that a prefix may hold.
  const prefix = `it-setup_${randomBytes(4).toString('hex')}.x`
  prefixes.push(prefix)
  return prefix
}

const setup = (prefix: string, ...options: string[]) =>
  sandbox.hangup(['setup', 'elasticsearch', '--prefix', prefix, ...options], {
    environment: { ELASTICSEARCH_URL: url },
    timeoutMs: 120_000,
  })

describe('what the setup installs', () => {
  const prefix = newPrefix()
  beforeAll(async () => {
    const { code, stderr } = await setup(prefix)
    if (code !== 0) throw new Error(stderr)
  })

  test.each([
    ['failures', FAILURES()],
    ['traffic', TRAFFIC()],
    ['frequency', FREQUENCY()],
    ['shipper', SHIPPER()],
  ])('gives new indices for %s exactly the types of the specification, and the alias', async (kind, types) => {
    const simulated = await ask('POST', `/_index_template/_simulate_index/${prefix}-${kind}-2031.01.01`)
    expect(simulated.overlapping).toEqual([])
    expect(simulated.template.aliases).toEqual({ [`${prefix}-${kind}`]: {} })
    expect(simulated.template.settings.index).toMatchObject({ number_of_shards: '1', refresh_interval: '5s' })
    expect(typesOf(simulated.template.mappings)).toEqual(types)
    const [mapping] = Object.values<Json>(await ask('GET', `/${prefix}-${kind}/_mapping`))
    expect(typesOf(mapping.mappings)).toEqual(types)
  })

  test('stores failures and traffic as they are written, nulls included', async () => {
    const documents = [
      failure({ target: null, gateway: null }),
      failure({ halves: 'target' }),
      traffic({ proxy: null }),
    ]
    for (const { kind, document } of documents) {
      const index = `${prefix}-${kind === 'failure' ? 'failures' : 'traffic'}-2021.06.23`
      const { _id } = await ask('POST', `/${index}/_doc?refresh=true`, document)
      expect((await ask('GET', `/${index}/_doc/${_id}`))._source).toEqual(document)
    }
  })

  test('stores hostile values whole, makes no field of them and finds none of them', async () => {
    const index = `${prefix}-failures-2030.01.01`
    await ask('PUT', `/${index}`)
    const before = await ask('GET', `/${index}/_mapping`)
    const long = 'x'.repeat(70_000)
    const { document } = failure()
    const hostile = {
      ...document,
      url: { path: long, query: long },
      error: { code: long, message: long },
      client: { ip: 'unknown, <script>' },
      edgemicro: {
        ...document.edgemicro,
        proxy: long,
        evidence: { ...document.edgemicro.evidence, 'a.b': 1, invented: { deep: [1] } },
        client_half: { 'any.thing': { goes: [[1], 'x'] } },
        'made.up': 'x',
        __proto__x: 1,
      },
      'edgemicro.evidence.other': 'x',
      'log.file.inode.number': 7,
      ...Object.fromEntries(Array.from({ length: 2_000 }, (_, n) => [`field${n}.é${n}`, n])),
    }
    const { _id } = await ask('POST', `/${index}/_doc?refresh=true`, hostile)
    expect((await ask('GET', `/${index}/_doc/${_id}`))._source).toEqual(hostile)
    expect(await ask('GET', `/${index}/_mapping`)).toEqual(before)
    const absent = {
      query: {
        bool: {
          must_not: ['url.path', 'error.code', 'edgemicro.proxy', 'client.ip', 'field1.é1'].map((field) => ({
            exists: { field },
          })),
        },
      },
    }
    expect((await ask('POST', `/${index}/_count`, absent)).count).toBe(1)
  })

  test('changes nothing the second time, and says so', async () => {
    const before = await stateOf(prefix)
    expect(await setup(prefix)).toMatchObject({ code: 0, stderr: expect.stringContaining('nothing changed') })
    expect(await setup(prefix, '--overwrite')).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('nothing changed'),
    })
    expect(await setup(prefix, '--dry-run')).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('nothing would change'),
    })
    expect(await stateOf(prefix)).toEqual(before)
  })
})

describe('the setup', () => {
  test('installs policies where the server has lifecycle management, and says so where it has none', async () => {
    const prefix = newPrefix()
    if (!hasLifecycle) {
      expect(await setup(prefix, '--retention', 'failures=90d')).toMatchObject({ code: 1 })
      expect(await stateOf(prefix)).toEqual(NOTHING)
    }
    const { code, stderr } = await setup(prefix)
    expect(code).toBe(0)
    expect(stderr.includes('no lifecycle management in this server')).toBe(!hasLifecycle)
    const { policies, indices } = await stateOf(prefix)
    expect(Object.keys(policies)).toHaveLength(hasLifecycle ? 4 : 0)
    for (const { settings } of Object.values<Json>(indices)) expect('lifecycle' in settings.index).toBe(hasLifecycle)
  })

  test('changes nothing in a dry run, and shows what it would do', async () => {
    const prefix = newPrefix()
    const { code, stdout, stderr } = await setup(prefix, '--dry-run')
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' })
    expect(stderr).toContain(`${objects} of ${objects} would change`)
    expect(await stateOf(prefix)).toEqual(NOTHING)
  })

  test('leaves what was changed by hand until it is told otherwise', async () => {
    const prefix = newPrefix()
    await setup(prefix)
    const path = `/_index_template/${prefix}-failures`
    const [{ index_template }] = (await ask('GET', path)).index_templates
    const properties = index_template.template.mappings.properties
    index_template.template.settings.index.refresh_interval = '30s'
    index_template.template.mappings.dynamic = true
    properties.url.properties.path = { type: 'keyword', ignore_above: 256 }
    properties.mine = { type: 'long' }
    await ask('PUT', path, undated(index_template))
    const changed = await stateOf(prefix)
    const refused = await setup(prefix)
    expect(refused.code).toBe(1)
    expect(refused.stderr).toContain(
      [
        `left            index template ${prefix}-failures (changed by hand)`,
        '  - field mine: long',
        '  - field url.path: keyword, ignore_above 256',
        '  + field url.path: keyword, ignore_above 1024',
        '  - mapping dynamic: true',
        '  + mapping dynamic: false',
        '  - setting index.refresh_interval: 30s',
        '  + setting index.refresh_interval: 5s',
        `same            index template ${prefix}-traffic`,
      ].join('\n'),
    )
    expect(refused.stderr).toContain(`left as it is: index template ${prefix}-failures\n  --overwrite`)
    expect(await setup(prefix, '--overwrite', '--dry-run')).toMatchObject({ code: 3 })
    expect(await stateOf(prefix)).toEqual(changed)
    expect(await setup(prefix, '--overwrite')).toMatchObject({ code: 0 })
    expect(await setup(prefix, '--dry-run')).toMatchObject({ code: 0 })
  })

  test('tells of a template that overrules ours, and of indices that were made without it', async () => {
    const prefix = newPrefix()
    const other = { index_patterns: [`${prefix}-traffic-*`], priority: 501, template: { mappings: { dynamic: true } } }
    await ask('PUT', `/_index_template/${prefix}-other`, other)
    await ask('PUT', `/${prefix}-shipper-2020.01.01`)
    const { code, stderr } = await setup(prefix)
    expect(code).toBe(1)
    expect(stderr).toContain(`hangup: overruled by another index template: ${prefix}-traffic\n`)
    expect(stderr).toContain(`made with other mappings, which they keep: ${prefix}-traffic-`)
    expect(stderr).toContain(`, ${prefix}-shipper-2020.01.01\n`)
    await ask('DELETE', `/_index_template/${prefix}-other`)
    expect(await setup(prefix)).toMatchObject({ code: 0 })
  })

  test('says in the words of the server why it refuses a template', async () => {
    const prefix = newPrefix()
    const path = `/_index_template/${prefix}-other`
    await ask('PUT', path, { index_patterns: [`${prefix}-*`], priority: 500 })
    const clash = await setup(prefix)
    expect(clash.code).toBe(1)
    expect(clash.stderr).toMatch(/^hangup: the index template was refused: .*same priority \[500\]/m)
    await ask('DELETE', path)
    // As a writer makes it before the alias of that name is there.
    await ask('PUT', `/${prefix}-failures`)
    const taken = await setup(prefix)
    expect(taken.code).toBe(1)
    expect(taken.stderr).toMatch(/^hangup: the index template was refused: .*index.* exists with the same name/m)
  })
})

describe('a sink that starts', () => {
  test('installs what is missing, from several processes at once, and changes nothing that is there', async () => {
    const prefix = newPrefix()
    const elasticsearch = connectElasticsearch({ node: url, timeoutMs: 60_000 })
    const all = await Promise.all([1, 2, 3].map(() => installMissing(elasticsearch, prefix)))
    for (const notices of all) expect(notices.join('\n')).not.toContain('left as it is')
    expect(await setup(prefix, '--dry-run')).toMatchObject({ code: 0 })
    const path = `/_index_template/${prefix}-traffic`
    const [{ index_template }] = (await ask('GET', path)).index_templates
    await ask('PUT', path, { ...undated(index_template), priority: 501 })
    const changed = await stateOf(prefix)
    const notices = await installMissing(elasticsearch, prefix)
    expect(notices).toEqual([expect.stringContaining(`left as it is: index template ${prefix}-traffic`)])
    expect(await stateOf(prefix)).toEqual(changed)
    await elasticsearch.close()
  })
})

// biome-ignore lint/suspicious/noExplicitAny: what the server answers has the shape that a test asserts.
type Json = any

const NOTHING = { templates: [], indices: {}, policies: {} }

function serverUrl(): string {
  const { HANGUP_TEST_ELASTICSEARCH_URL: text } = process.env
  if (!text) throw new Error('HANGUP_TEST_ELASTICSEARCH_URL is not set: run npm run test:integration')
  return text.replace(/\/+$/, '')
}

/** Asks the server itself, not by the code under test. Throws for what is not 2xx, but for 404. */
async function ask(method: string, path: string, body?: object): Promise<Json> {
  const response = await fetch(`${url}${path}`, {
    method,
    ...(body !== undefined && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  })
  const answer: Json = await response.json()
  if (!response.ok && response.status !== 404) {
    throw new Error(`${method} ${path} answered ${response.status}: ${JSON.stringify(answer).slice(0, 1_000)}`)
  }
  return answer
}

/** Dates that newer servers add to a template, and take from nobody. */
const undated = ({ created_date, created_date_millis, modified_date, modified_date_millis, ...template }: Json): Json =>
  template

/** All that a prefix has in the server. */
async function stateOf(prefix: string) {
  const { index_templates } = await ask('GET', `/_index_template/${prefix}*`)
  const policies: Json = hasLifecycle ? await ask('GET', '/_ilm/policy') : {}
  return {
    templates: index_templates ?? [],
    indices: await ask('GET', `/${prefix}*`),
    policies: Object.fromEntries(Object.entries(policies).filter(([name]) => name.startsWith(prefix))),
  }
}

async function removeAll(prefix: string): Promise<void> {
  const { templates, indices, policies } = await stateOf(prefix)
  for (const name of Object.keys(indices)) await ask('DELETE', `/${name}`)
  for (const { name } of templates) await ask('DELETE', `/_index_template/${name}`)
  for (const name of Object.keys(policies)) await ask('DELETE', `/_ilm/policy/${name}`)
}

/** `type` and parameters of each field, by its path. */
function typesOf(mappings: Json): Record<string, string> {
  expect(String(mappings.dynamic)).toBe('false')
  const types: Record<string, string> = {}
  const walk = (properties: Json, above: string): void => {
    for (const [name, { properties: inner, type, dynamic, ...parameters }] of Object.entries<Json>(properties)) {
      if (dynamic !== undefined) expect(String(dynamic)).toBe('false')
      if (inner === undefined) types[`${above}${name}`] = [type, ...Object.entries(parameters).flat()].join(' ')
      else walk(inner, `${above}${name}.`)
    }
  }
  walk(mappings.properties, '')
  return types
}

function fields(type: string, under: string, names: string): Record<string, string> {
  return Object.fromEntries(names.split(' ').map((name) => [`${under}${name}`, type]))
}

function keywords(under: string, names: string): Record<string, string> {
  return fields('keyword ignore_above 1024', under, names)
}

function FAILURES(): Record<string, string> {
  return {
    '@timestamp': 'date',
    ...keywords('event.', 'kind category type outcome dataset id'),
    'event.duration': 'long',
    ...keywords('', 'http.request.id http.request.method url.path url.query error.code server.address'),
    'http.response.status_code': 'long',
    'error.message': 'text',
    'server.port': 'long',
    'client.ip': 'ip ignore_malformed true',
    ...keywords('edgemicro.', 'target target_source proxy org env gateway worker halves phase cause client_key'),
    'edgemicro.confidence': 'double',
    ...fields('double', 'edgemicro.evidence.', 'elapsed_ms idle_ms halves_gap_ms client_aborted_after_ms'),
    ...fields('long', 'edgemicro.evidence.', 'reused reuses reuses_near reuses_same resets_near'),
    ...fields('object enabled false', 'edgemicro.', 'target_halves client_half'),
    ...keywords('log.', 'level file.path'),
    'log.offset': 'long',
  }
}

function TRAFFIC(): Record<string, string> {
  return {
    '@timestamp': 'date',
    ...keywords('', 'event.dataset'),
    ...keywords('edgemicro.', 'target proxy org env gateway partition basis'),
    ...fields('long', 'edgemicro.', 'requests responses'),
  }
}

function FREQUENCY(): Record<string, string> {
  const causes =
    'keepalive_race premature_close response_aborted target_timeout connect_refused connect_timeout host_unreachable dns_notfound tls_aborted tls_certificate bad_response client_abort rejected_by_gateway target_status undetermined'
  const codes =
    'ECONNRESET EPIPE ECONNREFUSED ECONNABORTED ETIMEDOUT EHOSTUNREACH ENETUNREACH ENOTFOUND EAI_AGAIN none other'
  return {
    '@timestamp': 'date',
    ...keywords('event.', 'dataset id'),
    ...keywords('edgemicro.', 'org env proxy target'),
    ...fields('long', 'edgemicro.', 'requests failures resets'),
    ...fields('double', 'edgemicro.', 'failure_ratio reset_ratio'),
    'edgemicro.covered': 'boolean',
    ...fields('long', 'edgemicro.causes.', causes),
    ...fields('long', 'edgemicro.codes.', codes),
  }
}

function SHIPPER(): Record<string, string> {
  return {
    '@timestamp': 'date',
    ...keywords('', 'event.dataset agent.type agent.name agent.id agent.version edgemicro.shipper.pipeline'),
    ...fields(
      'long',
      'edgemicro.shipper.',
      'lines events rejections failures orphans evicted late refused retries unsent lag_ms',
    ),
  }
}
