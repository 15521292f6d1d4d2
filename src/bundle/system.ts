import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readOsSettings } from '../keepalive/os-settings.js'

export interface Machine {
  readonly platform: string
  readonly release: string
  readonly arch: string
  readonly processors: number
  readonly memoryBytes: number
}

export interface SystemInput {
  readonly machine: Machine
  readonly versions: Readonly<Record<string, string>>
  /** Packages of the gateway, see `gatewayPackages`. */
  readonly gateway: Readonly<Record<string, string>>
  /** `/proc/sys` on Linux. */
  readonly sysctlRoot: string
}

/** Settings of the kernel that have a say in connections, besides TCP keep-alive. */
const SETTINGS = [
  'net/core/somaxconn',
  'net/ipv4/ip_local_port_range',
  'net/ipv4/tcp_fin_timeout',
  'net/ipv4/tcp_max_syn_backlog',
  'net/ipv4/tcp_retries2',
  'net/ipv4/tcp_tw_reuse',
] as const

/** What `system.json` holds. Nothing of the environment, of users and of other programs is looked at. */
export function systemFacts({ machine, versions, gateway, sysctlRoot }: SystemInput) {
  const { timeMs, intervalMs, probes } = readOsSettings({ platform: machine.platform, root: sysctlRoot })
  const settings = machine.platform === 'linux' ? SETTINGS.flatMap((name) => settingOf(sysctlRoot, name)) : []
  return {
    system: machine,
    tcp_keepalive: { time_ms: timeMs, interval_ms: intervalMs, probes },
    settings: Object.fromEntries(settings),
    versions,
    gateway,
  }
}

function settingOf(root: string, name: string): readonly (readonly [string, string])[] {
  try {
    const value = readFileSync(join(root, name), 'utf8').trim()
    return /^[\d\s]{1,40}$/.test(value) ? [[name.replaceAll('/', '.'), value.replace(/\s+/g, ' ')]] : []
  } catch {
    return []
  }
}
