import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { JsonObject } from '../../../src/sinks/elasticsearch/setup/normal-form.js'
import { StandIn } from '../../sinks/elasticsearch/setup/stand-in.js'
import { Sandbox } from '../../support/cli.js'

const sandbox = new Sandbox()
afterAll(() => sandbox.remove())

describe('setup elasticsearch', () => {
  let server: StandIn
  beforeEach(async () => {
    server = await StandIn.start({ lifecycle: 'licensed' })
  })
  afterEach(() => server.stop())

  const setup = (...options: string[]) =>
    sandbox.hangup(['setup', 'elasticsearch', '--prefix', 'p', ...options], {
      environment: { ELASTICSEARCH_URL: server.url },
    })

  test('installs, then has nothing to change; both without a word on stdout', async () => {
    const first = await setup()
    expect(first).toMatchObject({ code: 0, stdout: '' })
    expect(first.stderr).toMatch(/^installed +lifecycle policy p-failures$/m)
    expect(first.stderr).toMatch(/^installed +index template p-shipper$/m)
    expect(first.stderr).toMatch(/^made +index p-frequency-\d{4}\.\d\d$/m)
    expect(first.stderr).toContain(`${server.url}: 12 of 12 changed`)
    server.takeWrites()
    const second = await setup()
    expect(second).toMatchObject({ code: 0, stdout: '' })
    expect(second.stderr).toContain(`${server.url}: nothing changed`)
    expect(server.takeWrites()).toEqual([])
  })

  test('ends a dry run with 3 where something would change, with 0 where not, and changes nothing', async () => {
    const before = await setup('--dry-run')
    expect(before).toMatchObject({ code: 3, stdout: '' })
    expect(before.stderr).toMatch(/^would install +index template p-traffic$/m)
    expect(before.stderr).toContain('12 of 12 would change')
    expect(server.takeWrites()).toEqual([])
    await setup()
    const after = await setup('--dry-run')
    expect(after).toMatchObject({ code: 0 })
    expect(after.stderr).toContain('nothing would change')
  })

  test('leaves what was changed by hand, shows how it differs, and ends with 1 until --overwrite', async () => {
    await setup()
    server.templates.set('p-traffic', { ...(server.templates.get('p-traffic') as JsonObject), priority: 900 })
    server.takeWrites()
    const refused = await setup()
    expect(refused).toMatchObject({ code: 1, stdout: '' })
    expect(refused.stderr).toContain(
      'left            index template p-traffic (changed by hand)\n  - priority: 900\n  + priority: 500\n',
    )
    expect(refused.stderr).toContain(
      'hangup: changed by somebody else and left as it is: index template p-traffic\n  --overwrite',
    )
    expect(await setup('--dry-run')).toMatchObject({ code: 3 })
    expect(server.takeWrites()).toEqual([])
    const overwritten = await setup('--overwrite')
    expect(overwritten).toMatchObject({ code: 0 })
    expect(overwritten.stderr).toContain(
      'replaced        index template p-traffic (changed by hand)\n  - priority: 900\n',
    )
    expect(server.takeWrites()).toEqual(['PUT /_index_template/p-traffic'])
    expect(await setup('--dry-run')).toMatchObject({ code: 0 })
  })

  test('sets the retention of a kind', async () => {
    await setup('--retention', 'failures=90d', '--retention', 'shipper=2d')
    expect(server.policies.get('p-failures')).toMatchObject({ phases: { delete: { min_age: '90d' } } })
    expect(server.policies.get('p-shipper')).toMatchObject({ phases: { delete: { min_age: '2d' } } })
    expect(server.policies.get('p-traffic')).toMatchObject({ phases: { delete: { min_age: '30d' } } })
    expect(await setup()).toMatchObject({ code: 0, stderr: expect.stringContaining('nothing changed') })
  })

  test('prints the requests for somebody else to send, without a server', async () => {
    const result = await sandbox.hangup([
      'setup',
      'elasticsearch',
      '--print',
      '--prefix',
      'p',
      '--retention',
      'traffic=1d',
    ])
    expect(result).toMatchObject({ code: 0, stderr: '' })
    const printed: { readonly path: string; readonly body: JsonObject }[] = JSON.parse(result.stdout)
    await setup('--retention', 'traffic=1d')
    const sent = server.takeWrites().slice(0, 8)
    expect(printed.map(({ path }) => `PUT ${path}`)).toEqual(sent)
    expect(printed[1].body.policy).toEqual(server.policies.get('p-traffic'))
    expect(printed[5].body).toEqual(server.templates.get('p-traffic'))
  })
})

describe('setup elasticsearch is refused with 2 and a hint, before anything is touched', () => {
  test.each([
    ['without a server', [], /argument missing: SERVER/],
    ['for another server', ['opensearch'], /nothing to set up: opensearch\n {2}give one of: elasticsearch/],
    ['with a prefix that is none', ['elasticsearch', '--prefix', 'Hang*'], /no prefix of index names: --prefix Hang\*/],
    [
      'with a retention that is none',
      ['elasticsearch', '--retention', 'failures=0d'],
      /no retention: --retention failures=0d/,
    ],
    [
      'with a retention of what is none',
      ['elasticsearch', '--retention', 'x=1d'],
      /write days of one of failures, traffic/,
    ],
    ['with a password in the URL', ['elasticsearch', '--url', 'http://u:p@h'], /a user or password in the URL/],
    ['with a certificate that is not there', ['elasticsearch', '--ca', '/no/such.pem'], /cannot read the certificate/],
  ])('%s', async (_, words, says) => {
    const result = await sandbox.hangup(['setup', ...words])
    expect(result).toMatchObject({ code: 2, stdout: '' })
    expect(result.stderr).toMatch(says)
  })

  test('and with 1 where no server answers', async () => {
    const result = await sandbox.hangup(['setup', 'elasticsearch', '--url', 'http://127.0.0.1:1'])
    expect(result).toMatchObject({ code: 1, stdout: '' })
    expect(result.stderr).toMatch(/^hangup: Elasticsearch cannot be reached: http:\/\/127\.0\.0\.1:1 .*\n {2}\S/)
  })
})
