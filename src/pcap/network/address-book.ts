/** Gives IPv6 addresses numbers, so that all addresses are numbers. Remembers each address that it has seen, up to a bound. */
export class AddressBook {
  readonly #numbers = new Map<string, number>()
  readonly #texts: string[] = []

  /** The number of the 16 bytes at `at`; -1 where there is no room for another address. */
  number(bytes: Uint8Array, at: number): number {
    const key = String.fromCharCode(...bytes.subarray(at, at + 16))
    const known = this.#numbers.get(key)
    if (known !== undefined) return known
    if (this.#numbers.size >= MAX_ADDRESSES) return -1
    const number = this.#numbers.size
    this.#numbers.set(key, number)
    this.#texts.push(ipv6Text(bytes.subarray(at, at + 16)))
    return number
  }

  /** `10.0.0.9:8080`, `[2001:db8::9]:8080`. */
  endpoint(isIpv6: boolean, address: number, port: number): string {
    return isIpv6 ? `[${this.#texts[address]}]:${port}` : `${ipv4Text(address)}:${port}`
  }
}

const MAX_ADDRESSES = 200_000

function ipv4Text(address: number): string {
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`
}

/** RFC 5952: lower case, the longest run of zeros (of two groups at least) as `::`. */
function ipv6Text(bytes: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, index) => (bytes[2 * index] << 8) | bytes[2 * index + 1])
  let start = -1
  let length = 1
  for (let from = 0; from < 8; from++) {
    let to = from
    while (to < 8 && groups[to] === 0) to++
    if (to - from > length) {
      start = from
      length = to - from
    }
    from = to
  }
  const text = (some: readonly number[]): string => some.map((group) => group.toString(16)).join(':')
  return start < 0 ? text(groups) : `${text(groups.slice(0, start))}::${text(groups.slice(start + length))}`
}
