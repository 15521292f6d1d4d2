import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { run } from '../../../src/cli/commands/setup-kibana.js'
import type { SetupOptions } from '../../../src/cli/options.js'
import { type StandIn, startKibana } from '../../support/kibana/stand-in.js'
import { createWorld } from '../support.js'

const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'hangup-kibana-'))
let kibana: StandIn

beforeEach(async () => {
  kibana = await startKibana({ authorization: 'ApiKey s3cret', spaces: ['team'] })
})

afterEach(() => kibana.close())

afterAll(() => fs.rmSync(directory, { recursive: true }))

const OPTIONS: SetupOptions = {
  ...{ debug: false, progress: false, state: '/nowhere', stateGiven: false },
  ...{ prefix: 'hangup', dryRun: false, overwrite: false, retention: [], print: false },
}

async function setup(options: Partial<SetupOptions>, environment: Record<string, string>) {
  const world = createWorld(environment)
  const code = await run([], { ...OPTIONS, ...options }, world.context)
  return { code, stdout: world.stdout(), stderr: world.stderr() }
}

describe('hangup setup kibana', () => {
  test('tells what was new, a line each, and how many', async () => {
    const result = await setup({}, { KIBANA_URL: kibana.url, KIBANA_API_KEY: 's3cret' })
    expect(result.code).toBe(0)
    expect(result.stdout).toContain('new      dashboard     hangup-overview\n')
    expect(result.stderr).toContain(`Kibana 9.1.0 at ${kibana.url}: `)
    expect(result.stderr).toContain('0 changed, 0 the same')
    expect(result.stdout + result.stderr).not.toContain('s3cret')
  })

  test('touches nothing in a dry run', async () => {
    const environment = { KIBANA_URL: 'http://127.0.0.1:1', KIBANA_API_KEY: 's3cret' }
    const result = await setup({ url: kibana.url, dryRun: true, space: 'team' }, environment)
    expect(result.code).toBe(3)
    expect(result.stdout).toContain('new      dashboard     hangup-overview-team\n')
    expect(result.stderr).toContain('nothing was touched')
    expect(kibana.state('team').objects.size).toBe(0)
  })

  test('reads the API key from a file', async () => {
    const file = path.join(directory, 'key')
    fs.writeFileSync(file, 's3cret\n')
    expect(await setup({ url: kibana.url, dryRun: true }, { KIBANA_API_KEY_FILE: file })).toMatchObject({ code: 3 })
  })

  test('sends user and password', async () => {
    const environment = { KIBANA_USERNAME: 'u', KIBANA_PASSWORD: 'p' }
    await expect(setup({ url: kibana.url }, environment)).rejects.toMatchObject({ code: 'store_denied' })
    const open = await startKibana({ authorization: `Basic ${Buffer.from('u:p').toString('base64')}` })
    expect(await setup({ url: open.url }, environment)).toMatchObject({ code: 0 })
    expect(await setup({ url: open.url, dryRun: true }, environment)).toMatchObject({ code: 0 })
    await open.close()
  })

  test.each([
    ['what is no URL', { url: 'kibana:5601' }, {}, 'not a URL of Kibana'],
    ['credentials in the URL', { url: 'http://u:p@localhost' }, {}, 'credentials in a URL'],
    ['a prefix that is none', { url: 'http://localhost', prefix: 'Über*' }, {}, 'not a prefix of indices'],
    ['a user without a password', { url: 'http://localhost' }, { KIBANA_USERNAME: 'u' }, 'a user without a password'],
    [
      'a file that is not there',
      { url: 'http://localhost' },
      { KIBANA_CA: '/none.pem' },
      'cannot read the certificate',
    ],
  ])('refuses %s before anything is sent', async (_, options, environment, message) => {
    await expect(setup(options, environment)).rejects.toMatchObject({
      name: 'ConfigError',
      message: expect.stringContaining(message),
    })
    expect(kibana.requests).toEqual([])
  })
})
