import { createSocket } from 'node:dgram'
import { lookup } from 'node:dns/promises'
import { isIP, isIPv6 } from 'node:net'
import { networkInterfaces } from 'node:os'
import { systemCode } from '../errors.js'
import type { CaptureTarget } from './capture-target.js'
import type { ResolvedTarget } from './filter.js'

export type Lookup = (host: string) => Promise<readonly string[]>

export interface Resolution {
  readonly resolved: readonly ResolvedTarget[]
  /** Those without an address here and now, with the resolver's code. */
  readonly unresolved: readonly { readonly target: CaptureTarget; readonly code: string }[]
}

/** Where targets are, as this machine's resolver says now: the gateway asks the same one. */
export async function resolveTargets(
  targets: readonly CaptureTarget[],
  lookUp: Lookup = lookUpHere,
): Promise<Resolution> {
  const resolved: ResolvedTarget[] = []
  const unresolved: { target: CaptureTarget; code: string }[] = []
  for (const target of targets) {
    try {
      const addresses = isIP(target.host) === 0 ? await lookUp(target.host) : [target.host]
      // A zone (`fe80::1%eth0`) is no part of an address in a packet.
      resolved.push({ ...target, addresses: addresses.map((address) => address.replace(/%.*/, '')) })
    } catch (error) {
      unresolved.push({ target, code: systemCode(error) ?? 'unknown' })
    }
  }
  return { resolved, unresolved }
}

async function lookUpHere(host: string): Promise<readonly string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address)
}

/**
 * The one interface by which this machine reaches all addresses; null where there are several, or it cannot be told. Asks the
 * kernel's routes, and sends nothing.
 */
export async function interfaceTo(addresses: readonly string[]): Promise<string | null> {
  const names = new Set<string | null>()
  for (const address of new Set(addresses)) names.add(await interfaceOf(address).catch(() => null))
  const [only = null] = names
  return names.size === 1 ? only : null
}

async function interfaceOf(address: string): Promise<string | null> {
  const local = await localAddressTo(address)
  const all = Object.entries(networkInterfaces()).flatMap(([name, infos = []]) =>
    infos.map((info) => ({ name, ...info })),
  )
  // What a machine sends to itself takes the loopback interface, whatever the address.
  if (local === address) return all.find(({ internal }) => internal)?.name ?? null
  return all.find((info) => info.address === local)?.name ?? null
}

/** A datagram socket that is connected has chosen its route, and has sent nothing. */
function localAddressTo(address: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4')
    socket.on('error', (error) => {
      socket.close()
      reject(error)
    })
    socket.connect(DISCARD_PORT, address, () => {
      const local = socket.address().address
      socket.close()
      resolve(local)
    })
  })
}

const DISCARD_PORT = 9
