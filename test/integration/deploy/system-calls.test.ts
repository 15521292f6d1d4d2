import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { entryFile, projectDirectory, Sandbox } from '../../support/cli.js'
import { type Running, startProcess, until } from '../../support/deploy/process.js'
import { readUnit } from '../../support/deploy/units.js'
import { clientHalf, targetHalf } from '../../support/lines.js'

/** What hangup asks of the kernel, as strace sees it, against the filters of the units, as systemd knows them. */

const sandbox = new Sandbox()
const used = new Set<string>()
const processes: Running[] = []

beforeAll(async () => {
  sandbox.write('logs/edgemicro-emg-dev-01-0-1-api.log', `${targetHalf()}\n${clientHalf()}\n`)
  const key = sandbox.write('redact.key', '0'.repeat(64))
  // Into a store of native code; to brokers and a server that are not there, which are looked up and connected to.
  for (const [pipeline, sign] of [
    ['tail-to-duckdb', 'started'],
    ['tail-to-kafka', 'tried again'],
    ['kafka-to-elasticsearch', 'is it running'],
  ]) {
    const report = sandbox.path(`${pipeline}.calls`)
    const command = [
      'run',
      path.join(projectDirectory, `pipelines/${pipeline}.yaml`),
      '--set',
      'http.listen=127.0.0.1:0',
    ]
    // The tracer goes into the background: the signal is for hangup.
    const running = startProcess(
      pipeline,
      [
        'strace',
        '--daemonize',
        '--follow-forks',
        '--summary-only',
        '--output',
        report,
        process.execPath,
        entryFile,
        ...command,
      ],
      {
        cwd: sandbox.directory,
        environment: {
          LOGS: sandbox.path('logs/*.log'),
          HANGUP_STATE: sandbox.path(pipeline),
          HANGUP_STORE: sandbox.path('hangup.duckdb'),
          HANGUP_REDACT_KEY_FILE: key,
          KAFKA_BROKERS: 'localhost:1',
          ELASTICSEARCH_URL: 'http://localhost:1',
        },
      },
    )
    processes.push(running)
    await until(`${pipeline}: ${sign}`, () => running.output().includes(sign) || running.hasEnded())
    running.signal('SIGTERM')
    await running.ended
    for (const line of fs.readFileSync(report, 'utf8').split('\n')) {
      const [, name] = /^\s*[\d.]+\s.*\s([a-z]\w+)$/.exec(line) ?? []
      if (name !== undefined && name !== 'total') used.add(name)
    }
  }
}, 280_000)

afterAll(async () => {
  for (const each of processes) each.signal('SIGKILL')
  await Promise.all(processes.map(({ ended }) => ended))
  sandbox.remove()
})

/** The calls of a set, sets in it included. */
function callsOf(set: string): readonly string[] {
  const text = execFileSync('systemd-analyze', ['syscall-filter', '--no-pager', set], { encoding: 'utf8' })
  const members = text.split('\n').map((line) => /^ {4}([@a-z]\S*)/.exec(line)?.[1])
  return members.flatMap((name) => (name === undefined ? [] : name.startsWith('@') ? callsOf(name) : [name]))
}

describe.each(['hangup-agent.service', 'hangup@.service'])('the filter of %s', (name) => {
  const filters = readUnit(name).Service.SystemCallFilter.map((each) => each.split(' '))
  const allowed = filters.flatMap(([first, ...rest]) => (first.startsWith('~') ? [] : [first, ...rest]))
  const denied = filters.flatMap(([first, ...rest]) => (first.startsWith('~') ? [first.slice(1), ...rest] : []))

  test('lets through all that hangup does', () => {
    // The calls of @default are always allowed.
    const calls = new Set([...allowed, '@default'].flatMap(callsOf))
    for (const each of denied.flatMap(callsOf)) calls.delete(each)
    expect(used.size).toBeGreaterThan(40)
    expect([...used]).toEqual(expect.arrayContaining(['connect', 'mmap', 'epoll_ctl']))
    expect([...used].filter((call) => !calls.has(call))).toEqual([])
  })

  test('keeps from it what it has no use for', () => {
    const calls = new Set(allowed.flatMap(callsOf))
    for (const each of denied.flatMap(callsOf)) calls.delete(each)
    for (const call of ['mount', 'ptrace', 'init_module', 'setuid', 'chown', 'reboot', 'bpf'])
      expect(calls).not.toContain(call)
  })
})
