/** A proxy as the gateway's own configuration names it. */
export interface ConfiguredProxy {
  readonly name: string
  /** With its leading `/`, as configured (`/v2/orders`); `*` stands for one path segment. */
  readonly basePath: string
  /** `host:port`. */
  readonly target: string
}

const SLASH = 0x2f
/** Bytes that end the path inside a url field: `?`, `#`. */
const isPathEnd = (byte: number): boolean => byte === 0x3f || byte === 0x23
/** Per byte: 1 where it ends a segment. */
const ENDS_SEGMENT = Uint8Array.from({ length: 256 }, (_, byte) => (byte === SLASH || isPathEnd(byte) ? 1 : 0))

/**
 * Finds the base path of the proxy that a request went to: the longest configured one (in
 * characters, as microgateway-core's lib/proxy-path-matcher.js has it), or without configuration a
 * guess that depends on the url alone (so that it is the same wherever reading begins): the first path segment, and
 * as long as segments only say "interface" or a version (`api`, `rest`, `v2`), the next as well.
 */
export class ProxyFinder {
  readonly #configured: readonly { readonly proxy: ConfiguredProxy; readonly segments: readonly string[] }[]

  constructor(proxies: readonly ConfiguredProxy[]) {
    this.#configured = proxies
      .map((proxy) => ({ proxy, segments: segmentsOf(proxy.basePath) }))
      .sort((a, b) => b.proxy.basePath.length - a.proxy.basePath.length)
  }

  /** Where the base path ends in the url field `bytes[start … end - 1]` (which has lost its first `/`). */
  endOfBasePath(bytes: Uint8Array, start: number, end: number): number {
    const pathStart = skipAuthority(bytes, start, end)
    if (this.#configured.length > 0) {
      for (const { segments } of this.#configured) {
        const basePathEnd = matchSegments(bytes, pathStart, end, segments)
        if (basePathEnd >= 0) return basePathEnd
      }
    }
    return endOfGuess(bytes, pathStart, end)
  }

  /** Where the base path begins: behind scheme and host of an absolute-form url, else at `start`. */
  startOfBasePath(bytes: Uint8Array, start: number, end: number): number {
    return skipAuthority(bytes, start, end)
  }

  /** The configured proxy of a base path without its leading `/`, as `endOfBasePath` cuts it. */
  configured(basePath: string): ConfiguredProxy | null {
    const segments = segmentsOf(basePath)
    for (const { proxy, segments: wanted } of this.#configured) {
      if (wanted.length !== segments.length) continue
      if (wanted.every((segment, i) => segment === '*' || segment === segments[i])) return proxy
    }
    return null
  }
}

function segmentsOf(path: string): string[] {
  return path.split('/').filter((segment) => segment !== '')
}

/** `http:/host:port/path`: absolute-form request targets, less the first of their slashes. */
function skipAuthority(bytes: Uint8Array, start: number, end: number): number {
  if (end - start < 7 || (bytes[start] | 0x20) !== 0x68 || (bytes[start + 1] | 0x20) !== 0x74) return start
  let i = start + 4
  if ((bytes[i] | 0x20) === 0x73) i++
  if (bytes[i] !== 0x3a || bytes[i + 1] !== SLASH) return start
  i += bytes[i + 2] === SLASH ? 3 : 2
  while (i < end && bytes[i] !== SLASH && !isPathEnd(bytes[i])) i++
  return bytes[i] === SLASH ? i + 1 : i
}

function matchSegments(bytes: Uint8Array, start: number, end: number, segments: readonly string[]): number {
  let at = start
  for (let i = 0; i < segments.length; i++) {
    if (i > 0) {
      if (bytes[at] !== SLASH || at >= end) return -1
      at++
    }
    const segmentEnd = endOfSegment(bytes, at, end)
    if (segments[i] !== '*' && !isText(bytes, at, segmentEnd, segments[i])) return -1
    at = segmentEnd
  }
  return at
}

function endOfSegment(bytes: Uint8Array, start: number, end: number): number {
  let i = start
  while (i < end && ENDS_SEGMENT[bytes[i]] === 0) i++
  return i
}

function isText(bytes: Uint8Array, start: number, end: number, text: string): boolean {
  if (end - start !== text.length) return false
  for (let i = 0; i < text.length; i++) if (bytes[start + i] !== text.charCodeAt(i)) return false
  return true
}

const MAX_GUESSED_SEGMENTS = 4

function endOfGuess(bytes: Uint8Array, start: number, end: number): number {
  let at = start
  for (let i = 0; i < MAX_GUESSED_SEGMENTS; i++) {
    const segmentEnd = endOfSegment(bytes, at, end)
    const isLast = segmentEnd >= end || bytes[segmentEnd] !== SLASH
    if (isLast || !isGeneric(bytes, at, segmentEnd)) return segmentEnd
    // `api/4711/items` names no interface behind `api`: one per number would be none.
    if (isIdentifier(bytes, segmentEnd + 1, endOfSegment(bytes, segmentEnd + 1, end))) return segmentEnd
    at = segmentEnd + 1
  }
  return at - 1
}

/** `api`, `apis`, `rest`, `v` with digits: segments that name no interface by themselves. */
function isGeneric(bytes: Uint8Array, start: number, end: number): boolean {
  const length = end - start
  if (length === 0 || length > 5) return length === 0
  if ((bytes[start] | 0x20) === 0x76 && length > 1) {
    for (let i = start + 1; i < end; i++) {
      const byte = bytes[i]
      if (!((byte >= 0x30 && byte <= 0x39) || byte === 0x2e)) return false
    }
    return true
  }
  return isText(bytes, start, end, 'api') || isText(bytes, start, end, 'apis') || isText(bytes, start, end, 'rest')
}

/** Digits alone, or six and more hex digits and dashes with a digit among them: a number, a digest, a UUID. */
function isIdentifier(bytes: Uint8Array, start: number, end: number): boolean {
  let digits = 0
  for (let i = start; i < end; i++) {
    const byte = bytes[i]
    if (byte >= 0x30 && byte <= 0x39) digits++
    else if (byte !== 0x2d && !((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66)) return false
  }
  return digits > 0 && (digits === end - start || end - start >= 6)
}
