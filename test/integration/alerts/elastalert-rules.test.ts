import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { elastAlertRules } from '../../../src/alerts/elastalert.js'
import { ALERT_NAMES, type AlertName, DEFAULT_ALERTS } from '../../../src/alerts/model.js'
import { clusterUrl, removeAll, uniquePrefix } from '../../support/elasticsearch/cluster.js'
import { type ElastAlertSetup, installElastAlert, layOut, runOnce, type Sent } from './support/elastalert.js'
import {
  DAY_MS,
  installTemplates,
  MINUTE_MS,
  minutesUpTo,
  resetMinutes,
  shipperSigns,
  storeFailures,
  storeMinutes,
  storeSigns,
  storeTraffic,
  thisMinute,
} from './support/seed.js'

const prefix = uniquePrefix('elastalert')
const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'hangup-elastalert-'))
let programs: string

beforeAll(async () => {
  programs = await installElastAlert()
  await installTemplates(prefix)
}, 500_000)

afterAll(async () => {
  fs.rmSync(directory, { recursive: true, force: true })
  await removeAll(prefix)
})

/** Some of the rules, in a folder of their own. */
async function setUp(names: readonly AlertName[]): Promise<ElastAlertSetup> {
  const all = elastAlertRules({ prefix }, DEFAULT_ALERTS)
  const setup = {
    directory: path.join(directory, names.join('-')),
    programs,
    url: clusterUrl(),
    writebackIndex: `${prefix}-state-${names.length}`,
    rules: Object.fromEntries(names.map((name) => [`${prefix}-${name}`, all[name]])),
  }
  await layOut(setup)
  return setup
}

/** What the alerts of one rule are about, sorted. */
const keysOf = (sent: Sent, name: AlertName, field: string): readonly unknown[] =>
  sent[`${prefix}-${name}`].map((match) => valueAt(match, field)).sort()

/** Matches hold names with dots in them or objects in objects, as the rule's type likes. */
function valueAt(match: Readonly<Record<string, unknown>>, field: string): unknown {
  if (field in match) return match[field]
  return field.split('.').reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], match)
}

describe('ElastAlert2 with the rules as they ship', () => {
  test('alerts for the target that is reset too often, and for the shippers that lag or are refused, alone', async () => {
    const now = thisMinute()
    await storeMinutes(prefix, resetMinutes(now))
    await storeSigns(prefix, shipperSigns(now))
    const sent = await runOnce(await setUp(['reset-rate', 'shipper-lag', 'shipper-refusing']))
    expect(keysOf(sent, 'reset-rate', 'edgemicro.target')).toEqual(['flaky.example:8080'])
    expect(keysOf(sent, 'shipper-lag', 'agent.id')).toEqual(['slow', 'stuck'])
    expect(keysOf(sent, 'shipper-refusing', 'agent.name')).toEqual(['host-refused'])
  })

  test('alerts for targets that did not fail before, and gateways that are silent, alone', async () => {
    const now = thisMinute()
    const at = (minutes: number, more: object) => ({ timeMs: now - minutes * MINUTE_MS, ...more })
    await storeFailures(prefix, [
      at(20, { target: 'new.example:80', gateway: 'gateway-well' }),
      at(10, { target: 'new.example:80', gateway: 'gateway-well' }),
      at(10, { target: 'known.example:80', gateway: 'gateway-well' }),
      at(3 * 24 * 60, { target: 'known.example:80', gateway: 'gateway-gone' }),
      at(10, { target: 'again.example:80', gateway: 'gateway-well' }),
      { timeMs: now - 8 * DAY_MS, target: 'again.example:80', gateway: 'gateway-gone' },
      at(10, { target: 'impatient.example:80', cause: 'client_abort', gateway: 'gateway-well' }),
      at(10, { target: null, gateway: 'gateway-well' }),
      ...minutesUpTo(now, 100).map((timeMs) => ({ timeMs, target: null, gateway: 'gateway-failing' })),
    ])
    await storeTraffic(prefix, [
      ...minutesUpTo(now, 100).map((timeMs) => ({ timeMs, gateway: 'gateway-well' })),
      ...minutesUpTo(now - 45 * MINUTE_MS, 30).map((timeMs) => ({ timeMs, gateway: 'gateway-silent' })),
      ...minutesUpTo(now, 100).map((timeMs) => ({ timeMs, gateway: null })),
    ])
    const sent = await runOnce(await setUp(['new-target-failing', 'gateway-silent']), new Date(now - 120 * MINUTE_MS))
    expect(keysOf(sent, 'new-target-failing', 'edgemicro.target')).toEqual(['again.example:80', 'new.example:80'])
    expect(keysOf(sent, 'gateway-silent', 'key')).toEqual(['gateway-silent'])
  })

  test('has a rule for each alert', () => {
    expect(Object.keys(elastAlertRules({ prefix }, DEFAULT_ALERTS))).toEqual([...ALERT_NAMES])
  })
})
