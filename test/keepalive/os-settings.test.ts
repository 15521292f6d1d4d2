import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from '@jest/globals'
import { OS_UNKNOWN, readOsSettings } from '../../src/keepalive/os-settings.js'

const root = fs.mkdtempSync(path.join(os.tmpdir(), 'hangup-sys-'))
afterAll(() => fs.rmSync(root, { recursive: true }))

test('the settings of Linux are read from its files, in milliseconds', () => {
  fs.mkdirSync(path.join(root, 'net/ipv4'), { recursive: true })
  fs.writeFileSync(path.join(root, 'net/ipv4/tcp_keepalive_time'), '7200\n')
  fs.writeFileSync(path.join(root, 'net/ipv4/tcp_keepalive_intvl'), '75\n')
  expect(readOsSettings({ platform: 'linux', root })).toEqual({ timeMs: 7_200_000, intervalMs: 75_000, probes: null })
  expect(readOsSettings({ platform: 'darwin', root })).toEqual(OS_UNKNOWN)
  expect(readOsSettings({ platform: 'linux', root: '/nowhere' })).toEqual(OS_UNKNOWN)
})
