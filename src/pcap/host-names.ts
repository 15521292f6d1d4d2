/** More names or endpoints are not remembered. */
const MAX_NAMES = 20_000
const MAX_ADDRESSES = 64

/**
 * Which endpoints of captures a target's name stands for: by what the user says, else by answers of name servers in the captures, and
 * by the `Host` of requests.
 */
export class HostNames {
  readonly #given: ReadonlyMap<string, readonly string[]>
  readonly #answered = new Map<string, Set<string>>()
  /** By endpoint: how many of its connections named which host. */
  readonly #named = new Map<string, Map<string, number>>()

  /** `given`: addresses by name. */
  constructor(given: ReadonlyMap<string, readonly string[]> = new Map()) {
    this.#given = new Map([...given].map(([name, addresses]) => [name.toLowerCase(), addresses]))
  }

  /** A name server's answer. */
  answer(name: string, addresses: readonly string[]): void {
    let known = this.#answered.get(name)
    if (known === undefined) {
      if (this.#answered.size >= MAX_NAMES) return
      known = new Set()
      this.#answered.set(name, known)
    }
    for (const address of addresses) if (known.size < MAX_ADDRESSES) known.add(address)
  }

  /** A connection to `endpoint` carried a request with this `Host`. */
  observe(host: string, endpoint: string): void {
    let hosts = this.#named.get(endpoint)
    if (hosts === undefined) {
      if (this.#named.size >= MAX_NAMES) return
      hosts = new Map()
      this.#named.set(endpoint, hosts)
    }
    const name = nameOf(host)
    const count = hosts.get(name)
    if (count !== undefined || hosts.size < MAX_ADDRESSES) hosts.set(name, (count ?? 0) + 1)
  }

  /**
   * The endpoints (`ip:port`) of a target as the log names it (`host:port`); null where nothing tells. An endpoint is that of the host
   * which most of its connections name: clients can name any.
   */
  endpointsOf(target: string): ReadonlySet<string> | null {
    const { host, port } = parts(target)
    if (isAddress(host)) return new Set([`${host}:${port}`])
    const addresses = this.#given.get(host) ?? this.#answered.get(host)
    const known = [...(addresses ?? [])].map((address) => endpointOf(address, port))
    if (this.#given.has(host)) return new Set(known)
    for (const [endpoint, hosts] of this.#named) {
      if (mostFrequent(hosts) === host && parts(endpoint).port === port) known.push(endpoint)
    }
    return known.length === 0 ? null : new Set(known)
  }

  /** Targets as the log may name them (`host:port`) that stand for an endpoint; itself first. */
  targetsOf(endpoint: string): readonly string[] {
    const { host: address, port } = parts(endpoint)
    const named = this.#named.get(endpoint)
    const most = named === undefined ? null : mostFrequent(named)
    const hosts = new Set(most === null ? [] : [most])
    for (const names of [this.#given, this.#answered]) {
      for (const [name, addresses] of names) {
        if ([...addresses].some((each) => endpointOf(each, port) === `${address}:${port}`)) hosts.add(name)
      }
    }
    return [endpoint, ...[...hosts].map((host) => `${host}:${port}`)]
  }
}

/** `name=address`, as users give them, by name. */
export function addressesOf(given: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const addresses = new Map<string, string[]>()
  for (const text of given) {
    const at = text.indexOf('=')
    const name = text.slice(0, at)
    addresses.set(name, [...(addresses.get(name) ?? []), text.slice(at + 1)])
  }
  return addresses
}

/** Whether two of `host:port` have the same port. */
export const isSamePort = (one: string, other: string): boolean => parts(one).port === parts(other).port

const DEFAULT_PORT = '80'

function parts(target: string): { readonly host: string; readonly port: string } {
  const [, host = target, port = DEFAULT_PORT] = /^(.*?)(?::(\d{1,5}))?$/s.exec(target.toLowerCase()) ?? []
  return { host, port }
}

const nameOf = (host: string): string => parts(host).host
const isAddress = (host: string): boolean => /^(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:]+\])$/.test(host)
const endpointOf = (address: string, port: string): string =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`

function mostFrequent(hosts: ReadonlyMap<string, number>): string | null {
  let best: string | null = null
  let most = 0
  for (const [host, count] of hosts) {
    if (count > most) [best, most] = [host, count]
  }
  return best
}
