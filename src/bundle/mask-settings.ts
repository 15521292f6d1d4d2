import { MASK } from '../redact/mask.js'
import { REDACT_ALL, Redactor } from '../redact/redactor.js'
import { maskPathTokens } from '../redact/tokens.js'
import { isHarmlessName, isHarmlessText, isNameSection, isNameSetting, isSecretSetting } from './setting-shapes.js'

/** Why a setting was masked. */
export type MaskReason = 'secret_name' | 'in_url' | 'pem' | 'unknown_text' | 'unknown_kind'

export interface MaskedSetting {
  /** `edgemicro.redisPassword`, `proxies[0].url`; names that were masked themselves are `***`. */
  readonly setting: string
  readonly why: MaskReason
}

export interface MaskedSettings {
  /** The same structure; sections are maps, in their order. */
  readonly data: unknown
  readonly masked: readonly MaskedSetting[]
}

/**
 * A gateway's settings without what may be a secret, by their structure: values of secret names, with all that lies below them;
 * user, password and query in URLs; PEM blocks; texts of a form that harmless settings do not have. Numbers and switches stay
 * where the name is no secret's. What an alias repeats is masked once and stays an alias.
 */
export function maskSettings(data: unknown): MaskedSettings {
  const masked: MaskedSetting[] = []
  /** By the section, once for each way to look at its names. */
  const done = [new Map<unknown, unknown>(), new Map<unknown, unknown>()] as const
  return { data: mask(data, { path: '', mayBeName: false }), masked }

  function mask(value: unknown, place: Place): unknown {
    if (value === null || typeof value === 'boolean') return value
    if (typeof value === 'number') return Math.abs(value) < MAX_NUMBER ? value : hide(place, 'unknown_text')
    if (typeof value === 'string') return maskText(value, place)
    if (!isSection(value)) return hide(place, 'unknown_kind')
    const copies = done[place.mayBeName ? 1 : 0]
    const known = copies.get(value)
    if (known !== undefined) return known
    const copy = Array.isArray(value) ? maskList(value, place) : maskSection(value, place)
    copies.set(value, copy)
    return copy
  }

  function maskList(list: readonly unknown[], { path, mayBeName }: Place): unknown[] {
    return list.map((value, index) => mask(value, { path: `${path}[${index}]`, mayBeName }))
  }

  function maskSection(section: object, { path, mayBeName }: Place): Map<string, unknown> {
    const copy = new Map<string, unknown>()
    for (const [name, value] of Object.entries(section)) {
      const isShown = isHarmlessName(name, mayBeName)
      const shown = isShown ? name : `${MASK}${copy.size + 1}`
      const place = {
        path: path === '' ? shown : `${path}.${shown}`,
        mayBeName: isNameSection(name) || isNameSetting(name) || (mayBeName && typeof value !== 'string'),
      }
      if (!isShown) masked.push({ setting: `${place.path} (its name)`, why: 'unknown_text' })
      copy.set(shown, isSecretSetting(name) && isValue(value) ? hide(place, 'secret_name') : mask(value, place))
    }
    return copy
  }

  function maskText(text: string, place: Place): string {
    if (text.includes('-----BEGIN')) return hide(place, 'pem')
    if (URL_TEXT.test(text)) {
      const shown = maskUrl(text)
      return shown === text ? text : hide(place, 'in_url', shown)
    }
    const isHarmless = isHarmlessText(text, place.mayBeName) && TEXTS.text(text) === text
    return isHarmless ? text : hide(place, 'unknown_text')
  }

  function hide({ path }: Place, why: MaskReason, shown = MASK): string {
    masked.push({ setting: path, why })
    return shown
  }
}

interface Place {
  readonly path: string
  /** Whether texts here are names that people chose, so that digits in them say nothing. */
  readonly mayBeName: boolean
}

/** Card numbers and the like have more digits than any setting. */
const MAX_NUMBER = 1e12
const URL_TEXT = /^[a-z][a-z0-9+.-]{1,15}:\/\/\S*$/i
const TEXTS = new Redactor({ ...REDACT_ALL, tokens: 'mask' }, new Uint8Array(0))

/** A URL without user info, query and fragment, and without what looks like a token in its path. */
function maskUrl(url: string): string {
  const [, scheme, rest] = /^([^:]+:\/\/)([\s\S]*)$/.exec(url) ?? ['', '', url]
  const at = rest.lastIndexOf('@')
  const host = at < 0 ? rest : rest.slice(at + 1)
  const query = host.search(/[?#]/)
  const path = maskPathTokens(query < 0 ? host : host.slice(0, query))
  return `${scheme}${at < 0 ? '' : `${MASK}@`}${path}${query < 0 ? '' : `${host[query]}${MASK}`}`
}

/** A switch is no secret, whatever its name. */
const isValue = (value: unknown): boolean => value !== null && typeof value !== 'boolean'

function isSection(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false
  return Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype
}
