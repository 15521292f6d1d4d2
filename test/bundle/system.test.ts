import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from '@jest/globals'
import { systemFacts } from '../../src/bundle/system.js'

const root = fs.mkdtempSync(path.join(os.tmpdir(), 'hangup-sysctl-'))
afterAll(() => fs.rmSync(root, { recursive: true }))

const machine = { platform: 'linux', release: '6.1', arch: 'x64', processors: 2, memoryBytes: 1 }
const versions = { hangup: '1.0.0', node: '20.20.2' }

test('facts of the system are numbers of the kernel and versions, and nothing that is no number', () => {
  fs.mkdirSync(path.join(root, 'net/ipv4'), { recursive: true })
  for (const [name, value] of [
    ['tcp_keepalive_time', '7200\n'],
    ['tcp_keepalive_intvl', '75\n'],
    ['tcp_keepalive_probes', '9\n'],
    ['ip_local_port_range', '32768\t60999\n'],
    ['tcp_fin_timeout', 'hunter\n'],
  ]) {
    fs.writeFileSync(path.join(root, 'net/ipv4', name), value)
  }
  expect(systemFacts({ machine, versions, gateway: { edgemicro: '3.3.7' }, sysctlRoot: root })).toEqual({
    system: machine,
    tcp_keepalive: { time_ms: 7_200_000, interval_ms: 75_000, probes: 9 },
    settings: { 'net.ipv4.ip_local_port_range': '32768 60999' },
    versions,
    gateway: { edgemicro: '3.3.7' },
  })
})

test('of other systems than Linux the kernel is not asked', () => {
  const facts = systemFacts({ machine: { ...machine, platform: 'darwin' }, versions, gateway: {}, sysctlRoot: root })
  expect(facts).toMatchObject({ settings: {}, tcp_keepalive: { time_ms: null } })
})
