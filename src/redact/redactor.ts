import { createHmac } from 'node:crypto'
import { MASK, MIN_KEY_LENGTH } from './mask.js'
import { redactRejected, redactText } from './text.js'
import { maskPathTokens, maskTokens } from './tokens.js'
import { type QueryMode, type RedactedUrl, redactBasePath, redactUrl, redactUrlField } from './url.js'

export interface RedactionSettings {
  /** `hash`: `key:` and 16 hex digits of a keyed hash; `drop`: nothing; `show`: the API key as written. */
  readonly clientId: 'hash' | 'drop' | 'show'
  readonly query: QueryMode
  /** Messages, plain lines, continuations, rejected lines. */
  readonly text: 'mask' | 'show'
  /** Also masks what merely looks like a token, in paths and texts; absent: it stays. For what goes to people outside. */
  readonly tokens?: 'mask'
}

export const REDACT_ALL: RedactionSettings = { clientId: 'hash', query: 'drop', text: 'mask' }
export const SHOW_ALL: RedactionSettings = { clientId: 'show', query: 'show', text: 'show' }

const HIDDEN_KEY = /^key:[0-9a-f]{16}$/
const PLAIN_HOST = /^(?:(?!eyJ|%3)[^?@=#])*$/s
const CACHE_SIZE = 10_000
const MAX_HARMLESS_LENGTH = 256

/**
 * What must never leave does not get past this one. Pure but for its cache; `secret` keys the hash of API keys, so
 * that they can be told apart but not guessed.
 */
export class Redactor {
  readonly #keys = new Map<string, string>()
  /** Texts that came through as they are: error messages and hosts come again and again. */
  readonly #harmless = new Set<string>()

  constructor(
    readonly settings: RedactionSettings,
    private readonly secret: Uint8Array,
  ) {}

  /** The same rules but for `changed`, with the same hashes. */
  with(changed: Partial<RedactionSettings>): Redactor {
    return new Redactor({ ...this.settings, ...changed }, this.secret)
  }

  clientKey(clientId: string | null): string | null {
    if (clientId === null || this.settings.clientId === 'drop') return null
    if (this.settings.clientId === 'show') return clientId
    // Hidden already, by the agent that shipped the line: who hides it again must get the same.
    if (HIDDEN_KEY.test(clientId)) return clientId
    const known = this.#keys.get(clientId)
    if (known !== undefined) return known
    const digest = createHmac('sha256', this.secret).update(clientId).digest('hex')
    const key = `key:${digest.slice(0, 16)}`
    if (this.#keys.size >= CACHE_SIZE) this.#keys.clear()
    this.#keys.set(clientId, key)
    return key
  }

  /** Path and query for documents; `clientId` is the request's own API key, which must not stand in them either. */
  url(url: string | null, clientId: string | null): RedactedUrl {
    const { path, query } = redactUrl(url, this.settings.query, this.#ownKey(clientId))
    return { path: this.#path(path), query }
  }

  /** The base path of a proxy, by the rules of the path that it begins; null where nothing of it may be told. */
  basePath(path: string, clientId: string | null): string | null {
    return this.#path(redactBasePath(path, this.#ownKey(clientId)))
  }

  urlField(url: string | null, clientId: string | null): string | null {
    if (url === null || this.settings.query === 'show') return url
    // Nothing left is no url, as an empty field is.
    return this.#path(redactUrlField(url, this.settings.query, this.#ownKey(clientId))) || null
  }

  text(text: string | null, clientId: string | null = null): string | null {
    if (text === null || this.settings.text === 'show') return text
    const ownKey = this.#ownKey(clientId)
    if (this.#harmless.has(text) && (ownKey === null || !text.includes(ownKey))) return text
    const redacted = this.#tokens(redactText(text, ownKey))
    if (redacted === text && text.length <= MAX_HARMLESS_LENGTH) {
      if (this.#harmless.size >= CACHE_SIZE) this.#harmless.clear()
      this.#harmless.add(text)
    }
    return redacted
  }

  /** A Host header or a target: a name and a port, which no free text's rules may touch; anything more may be a secret. */
  host(host: string | null, clientId: string | null): string | null {
    if (host === null || PLAIN_HOST.test(host)) {
      const ownKey = this.#ownKey(clientId)
      const holdsKey = ownKey !== null && ownKey.length >= MIN_KEY_LENGTH && host?.includes(ownKey) === true
      return holdsKey && this.settings.text === 'mask' ? host.replaceAll(ownKey, MASK) : host
    }
    return this.text(host, clientId)
  }

  rejected(text: string): string {
    return this.settings.text === 'show' ? text : this.#tokens(redactRejected(text))
  }

  #tokens(text: string): string {
    return this.settings.tokens === 'mask' ? maskTokens(text) : text
  }

  #path<Path extends string | null>(path: Path): Path | string {
    return path !== null && this.settings.tokens === 'mask' ? maskPathTokens(path) : path
  }

  #ownKey(clientId: string | null): string | null {
    return this.settings.clientId === 'show' ? null : clientId
  }
}
