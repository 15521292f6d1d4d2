import fs from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { parse } from 'yaml'
import { alertFiles } from '../../src/alerts/files.js'
import { DEFAULT_ALERTS } from '../../src/alerts/model.js'
import { METRICS, prometheusRules } from '../../src/alerts/prometheus.js'
import { projectDirectory } from '../support/cli.js'

const FILES = alertFiles()

const inProject = (name: string): string => fs.readFileSync(path.join(projectDirectory, name), 'utf8')

describe('the files of alerts in deploy/', () => {
  test.each(Object.keys(FILES))('are what the code makes: %s', (name) => {
    expect(inProject(name)).toBe(FILES[name])
  })

  test('are no more than the code makes', () => {
    for (const folder of ['deploy/kibana/rules', 'deploy/elastalert2/rules']) {
      const there = fs.readdirSync(path.join(projectDirectory, folder)).filter((name) => name !== 'README.md')
      const made = Object.keys(FILES).filter((name) => path.dirname(name) === folder)
      expect(there.sort()).toEqual(made.map((name) => path.basename(name)).sort())
    }
  })

  test('name one way to send for all rules of ElastAlert2', () => {
    for (const [name, text] of Object.entries(FILES).filter(([each]) => each.includes('elastalert2'))) {
      const rule = parse(text)
      const imported = path.join(path.dirname(name), rule.import)
      expect(parse(inProject(imported))).toHaveProperty('alert')
      expect(rule).not.toHaveProperty('alert')
    }
  })
})

describe('the rules for Prometheus', () => {
  test('ask for no metric but those that they declare', () => {
    const recorded = new Set(rules().flatMap(({ record }) => record ?? []))
    const named = rules().flatMap(({ expr }) => expr.match(/[a-z]+:[a-z_:0-9]+|\bhangup_[a-z_]+/g) ?? [])
    const known = new Set<string>([...Object.values(METRICS), ...recorded])
    expect(named.filter((name) => !known.has(name))).toEqual([])
    expect(Object.values(METRICS).filter((name) => !named.includes(name))).toEqual([])
  })

  test('leave the wait out where one run is enough', () => {
    const alerts = { ...DEFAULT_ALERTS, resetRate: { ...DEFAULT_ALERTS.resetRate, activeRuns: 1 } }
    const [rate] = prometheusRules(alerts).groups[0].rules.filter(({ alert }) => alert === 'HangupResetRate')
    expect(rate).not.toHaveProperty('for')
  })

  function rules() {
    return prometheusRules(DEFAULT_ALERTS).groups.flatMap((group) => group.rules)
  }
})
