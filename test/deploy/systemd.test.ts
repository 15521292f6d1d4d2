import fs from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { projectDirectory } from '../support/cli.js'
import { commandOf, readUnit, UNITS } from '../support/deploy/units.js'

const SPECIFIERS = { i: 'kafka-to-elasticsearch', S: '/var/lib', d: '/run/credentials/x' }

describe.each([
  ['hangup-agent.service', 'agent.env.example', 'tail-to-kafka'],
  ['hangup@.service', 'kafka-to-elasticsearch.env.example', 'kafka-to-elasticsearch'],
])('%s', (name, environmentFile, pipeline) => {
  const { Unit, Service } = readUnit(name)

  test('knows the exit codes: a clean stop is none, and a wrong configuration is not tried again', () => {
    expect(Service).toMatchObject({
      SuccessExitStatus: ['143'],
      RestartPreventExitStatus: ['2'],
      Restart: ['on-failure'],
      KillSignal: ['SIGTERM'],
    })
    expect(Unit.StartLimitIntervalSec).toEqual(['0'])
  })

  test('waits for longer than a stop takes: ten seconds for sinks, fifteen for the last commit', () => {
    expect(Number.parseInt(Service.TimeoutStopSec[0], 10)).toBeGreaterThan(25)
  })

  test('is ready when hangup says so, is watched for longer than a stall takes, and is reloaded by SIGHUP', () => {
    expect(Service).toMatchObject({
      Type: ['notify'],
      // The words come from a child.
      NotifyAccess: ['all'],
      // Brokers may be away for days.
      TimeoutStartSec: ['infinity'],
      ExecReload: ['/bin/kill -HUP $MAINPID'],
    })
    expect(Number.parseInt(Service.WatchdogSec[0], 10)).toBeGreaterThanOrEqual(2)
  })

  test('runs a shipped pipeline, which takes every variable of its environment file', () => {
    const { command, environment } = commandOf(readUnit(name), environmentFile, SPECIFIERS)
    const [, , , file] = command
    expect(command.slice(0, 3)).toEqual(['/usr/bin/node', '/opt/hangup/dist/cli/main.js', 'run'])
    expect(file).toBe(`/opt/hangup/pipelines/${pipeline}.yaml`)
    expect(command.slice(4)).toEqual(['--set', `http.listen=${environment.HANGUP_LISTEN}`])
    const text = fs.readFileSync(path.join(projectDirectory, `pipelines/${pipeline}.yaml`), 'utf8')
    const unknown = Object.keys(environment).filter((variable) => !text.includes(`\${${variable}:-`))
    expect(unknown.filter((variable) => !['HANGUP_LISTEN', 'HANGUP_STORE'].includes(variable))).toEqual([])
  })

  test('holds no secret, and says where each file of its comment goes', () => {
    const text = fs.readFileSync(path.join(UNITS, name), 'utf8')
    expect(text).toContain(environmentFile)
    expect(text).toContain(Service.EnvironmentFile[0].replace('%i', pipeline))
    expect(text).not.toMatch(/PASSWORD=\S|API_KEY=\S/)
  })
})

test('an agent sees the logs, which a private /var/tmp would hide', () => {
  expect(readUnit('hangup-agent.service').Service.PrivateTmp).toBeUndefined()
})

test('agent and consumer of one host listen on two ports', () => {
  const listens = ['hangup-agent.service', 'hangup@.service'].map((name) =>
    readUnit(name).Service.Environment.find((each) => each.startsWith('HANGUP_LISTEN=')),
  )
  expect(new Set(listens).size).toBe(2)
})
