import fs from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { alertsWith, DEFAULT_ALERTS, DEFAULT_DELAYS, graceMs, inUnits, leastSpanMs } from '../../src/alerts/model.js'
import { loadPipeline } from '../../src/config/load.js'
import { parseDuration } from '../../src/config/units.js'
import { projectDirectory } from '../support/cli.js'

const MINUTE_MS = 60_000

describe('the numbers of the alerts', () => {
  test('are the defaults where nothing is changed', () => {
    expect(alertsWith()).toEqual(DEFAULT_ALERTS)
  })

  test('change one by one', () => {
    const alerts = alertsWith({ resetRate: { maxRatio: 0.05 }, shipperLag: { maxLagMs: 90_000 } })
    expect(alerts.resetRate).toEqual({ ...DEFAULT_ALERTS.resetRate, maxRatio: 0.05 })
    expect(alerts.shipperLag).toEqual({ ...DEFAULT_ALERTS.shipperLag, maxLagMs: 90_000 })
    expect(alerts.gatewaySilent).toEqual(DEFAULT_ALERTS.gatewaySilent)
  })

  test.each([
    ['no share', { resetRate: { maxRatio: 1 } }, 'resetRate.maxRatio'],
    ['nought', { resetRate: { minRequests: 0 } }, 'resetRate.minRequests'],
    ['half a minute', { resetRate: { windowMs: 15.5 * MINUTE_MS } }, 'resetRate.windowMs'],
    ['a window too short for late data', { resetRate: { windowMs: 9 * MINUTE_MS } }, 'resetRate.windowMs'],
    [
      'a silence shorter than data may take',
      { gatewaySilent: { silenceMs: 20 * MINUTE_MS } },
      'gatewaySilent.silenceMs',
    ],
    [
      'a silence that is longer than memory',
      { gatewaySilent: { silenceMs: 1440 * MINUTE_MS } },
      'gatewaySilent.knownMs',
    ],
    ['news older than history', { newTargetFailing: { historyMs: 60 * MINUTE_MS } }, 'newTargetFailing.historyMs'],
    ['more signs of life than there are', { shipperLag: { minSamples: 16 } }, 'shipperLag.minSamples'],
  ])('are refused where they are %s', (_, changes, named) => {
    expect(() => alertsWith(changes)).toThrow(named)
  })

  test('are refused all at once', () => {
    expect(() => alertsWith({ resetRate: { maxRatio: 2, minRequests: 0.5 } })).toThrow(/minRequests.*maxRatio/)
  })

  test('leave three times of run and delay to late data, also where the pipeline waits longer', () => {
    expect(graceMs(DEFAULT_DELAYS)).toBe((60 + 5 + 60 + 10 + 5) * 1_000)
    expect(leastSpanMs(MINUTE_MS, DEFAULT_DELAYS)).toBe(10 * MINUTE_MS)
    const slow = { ...DEFAULT_DELAYS, latenessMs: 5 * MINUTE_MS }
    expect(() => alertsWith({}, slow)).toThrow('resetRate.windowMs is 900000, less than 1320000')
    expect(alertsWith({ ...widened(30), gatewaySilent: { silenceMs: 60 * MINUTE_MS } }, slow)).toBeDefined()
  })

  test('count with the delays of a pipeline and of the index templates as they ship', () => {
    const text = 'source: { stdin: {} }\nsinks: [{ elasticsearch: {} }]\n'
    const { join, sinks } = loadPipeline(text, { file: 'any.yaml', environment: {} })
    expect(DEFAULT_DELAYS).toEqual({
      joinWindowMs: join.windowMs,
      latenessMs: join.latenessMs,
      recountMs: (sinks[0] as { readonly frequencyMs: number }).frequencyMs,
      refreshMs: refreshIntervalMs(),
    })
  })
})

test.each([
  [90_000, '90s'],
  [900_000, '15m'],
  [3_600_000, '1h'],
  [604_800_000, '7d'],
])('%s ms are %s', (ms, text) => {
  expect(inUnits(ms)).toBe(text)
})

function widened(minutes: number) {
  const windowMs = minutes * MINUTE_MS
  return { resetRate: { windowMs }, shipperLag: { windowMs }, shipperRefusing: { windowMs } }
}

/** Of the index templates, which all say the same. */
function refreshIntervalMs(): number {
  const directory = path.join(projectDirectory, 'mappings/elasticsearch')
  const files = fs.readdirSync(directory).filter((name) => name.endsWith('.json'))
  const intervals = files.map((name) => {
    const { template } = JSON.parse(fs.readFileSync(path.join(directory, name), 'utf8'))
    return parseDuration(template.settings.index.refresh_interval)
  })
  expect(new Set(intervals).size).toBe(1)
  return intervals[0] as number
}
