import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * TCP keep-alive of the operating system, in milliseconds and probes; null where it is not known. It says when a silent
 * peer is asked for a sign of life, never when a connection is closed that is merely idle.
 */
export interface OsSettings {
  readonly timeMs: number | null
  readonly intervalMs: number | null
  readonly probes: number | null
}

export const OS_UNKNOWN: OsSettings = { timeMs: null, intervalMs: null, probes: null }

/** Reads `net.ipv4.tcp_keepalive_*` below `root` (`/proc/sys`); unknown on other systems than Linux. */
export function readOsSettings({ platform, root }: { readonly platform: string; readonly root: string }): OsSettings {
  if (platform !== 'linux') return OS_UNKNOWN
  const seconds = (name: string): number | null => {
    const number = readNumber(join(root, 'net/ipv4', name))
    return number === null ? null : number * 1000
  }
  return {
    timeMs: seconds('tcp_keepalive_time'),
    intervalMs: seconds('tcp_keepalive_intvl'),
    probes: readNumber(join(root, 'net/ipv4', 'tcp_keepalive_probes')),
  }
}

function readNumber(file: string): number | null {
  try {
    const text = readFileSync(file, 'utf8').trim()
    return /^\d{1,9}$/.test(text) ? Number(text) : null
  } catch {
    return null
  }
}
