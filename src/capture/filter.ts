import { isIP } from 'node:net'
import type { CaptureTarget } from './capture-target.js'

/** A target and where it is, as seen from here and now. */
export interface ResolvedTarget extends CaptureTarget {
  /** IP addresses, at least one. */
  readonly addresses: readonly string[]
}

/**
 * A filter (pcap-filter(7)) for the packets between gateway and targets, and with `listenPort` for those of its clients, too. Of
 * words that are not ours only addresses and numbers are in it. Throws for an address that is none.
 */
export function captureFilter(targets: readonly ResolvedTarget[], listenPort: number | null): string {
  const clauses = targets.map(({ port, addresses }) => {
    const hosts = [...new Set(addresses)].map(hostClause)
    const all = hosts.length === 1 ? hosts[0] : `(${hosts.join(' or ')})`
    return port === null ? `tcp and ${all}` : `tcp port ${checkedPort(port)} and ${all}`
  })
  if (listenPort !== null) clauses.push(`tcp port ${checkedPort(listenPort)}`)
  return clauses.length === 1 ? clauses[0] : clauses.map((clause) => `(${clause})`).join(' or ')
}

function hostClause(address: string): string {
  if (isIP(address) === 0 || address.includes('%')) throw new Error(`not an address: ${address}`)
  return `host ${address}`
}

function checkedPort(port: number): number {
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new Error(`not a port: ${port}`)
  return port
}
