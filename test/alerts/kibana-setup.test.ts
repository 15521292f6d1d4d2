import { afterEach, describe, expect, test } from '@jest/globals'
import { kibanaRules } from '../../src/alerts/kibana.js'
import { connectKibana } from '../../src/kibana/connection.js'
import { setupKibana } from '../../src/kibana/setup.js'
import { type StandIn, startKibana } from '../support/kibana/stand-in.js'

let kibana: StandIn

afterEach(() => kibana.close())

/** The states of the rules after a run, by their ids. */
async function setUpRules(): Promise<Record<string, string>> {
  const connection = connectKibana({ url: kibana.url, space: null, auth: null, ca: null, timeoutMs: 10_000 })
  const { changes } = await setupKibana(connection, {
    prefix: 'hangup',
    space: null,
    dryRun: false,
    connector: null,
    rules: ({ version, connector }) => kibanaRules({ prefix: 'hangup', kibanaVersion: version, connector }),
  })
  return Object.fromEntries(changes.filter(({ type }) => type === 'rule').map(({ id, state }) => [id, state]))
}

describe('the setup of Kibana', () => {
  test.each(['8.14.3', '8.19.2', '9.0.1', '9.5.0'])('makes the rules in %s, and finds them again', async (version) => {
    kibana = await startKibana({ version })
    const ids = kibanaRules({ prefix: 'hangup' }).map(({ id }) => id)
    expect(await setUpRules()).toEqual(Object.fromEntries(ids.map((id) => [id, 'new'])))
    expect([...kibana.state().rules.keys()].sort()).toEqual([...ids].sort())
    expect(await setUpRules()).toEqual(Object.fromEntries(ids.map((id) => [id, 'same'])))
  })
})
