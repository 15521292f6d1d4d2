import { isSecretName } from '../redact/pairs.js'
import { looksOpaque } from '../redact/tokens.js'

/**
 * Names of the gateway's own settings that look like a secret's and are none: addresses of services, names of headers, sections,
 * switches and sizes (microgateway-config, default.yaml of edgemicro; oauth plugin).
 */
const HARMLESS_NAMES: ReadonlySet<string> = new Set([
  'jwt_public_key',
  'verify_api_key_url',
  'public_key',
  'keySecretMessage',
  'apikeys',
  'api-key-header',
  'authorization-header',
  'keep-authorization-header',
  'allowAPIKeyOnly',
  'cacheKey',
  'tokenCache',
  'tokenCacheSize',
  'product_to_proxy',
  'product_to_api_resource',
  'product_to_scopes',
])

/** Beside the names that are masked in logs. A user's name is half of a login. */
const FURTHER_SECRETS =
  /pfx|private|salt|seed|jwk|hmac|certs?$|certificate|webhook|dsn|connection[-_]?string|^(?:pin|auth|pw|pass|ca)$|pass$|user(?:[-_]?name)?$|login/i

/** Whether the value of a setting of this name is masked whatever it is, with all that lies below it. */
export function isSecretSetting(name: string): boolean {
  return !HARMLESS_NAMES.has(name) && (isSecretName(name) || FURTHER_SECRETS.test(name))
}

/** Settings of the gateway whose values are names that people chose, digits included. */
const NAME_SETTINGS: ReadonlySet<string> = new Set([
  'org',
  'env',
  'name',
  'proxy',
  'proxy_name',
  'target_name',
  'revision',
  'level',
  'dir',
  'source',
  'sequence',
  'vaultName',
  'region',
])
/** Sections of names of products, APIs and resources. */
const NAME_SECTIONS: ReadonlySet<string> = new Set([
  'product_to_proxy',
  'product_to_api_resource',
  'product_to_scopes',
  'quota',
  'quotas',
])

export const isNameSetting = (name: string): boolean => NAME_SETTINGS.has(name)
export const isNameSection = (name: string): boolean => NAME_SECTIONS.has(name)

const NAME = /^[A-Za-z][\w.:-]{0,63}$/
/** Words of letters, and what stands between them. */
const WORDS = /^[A-Za-z][A-Za-z_ .,:*-]{0,99}$/
const HARMLESS_SHAPES: readonly RegExp[] = [
  /^$/,
  // A number, or a time.
  /^\d{1,6}(?:\.\d{1,3})?\s?(?:ms|s|m|h|d)?$/,
  // Out of the environment (env-tags-replacer.js): its name, not its value.
  /^<E>(?:<[nb]>)?\w{1,64}(?:<\/[nb]>)?<\/E>$/,
  // An address, a network, a host.
  /^\[?(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7})\]?(?:\/\d{1,3}|:\d{1,5})?$/i,
  /^[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,24}(?::\d{1,5})?$/i,
  // A path.
  /^(?:[.~]{0,2}\/[A-Za-z0-9_.*-]{0,40}){1,16}$/,
  WORDS,
]

/** Whether a text has a form that no secret has, as far as forms tell. */
export function isHarmlessText(text: string, mayBeName: boolean): boolean {
  if (looksOpaque(text)) return false
  return HARMLESS_SHAPES.some((shape) => shape.test(text)) || (mayBeName && NAME.test(text))
}

/** Whether the name of a setting may be shown: few digits, unless it is an address, a path or a name that people chose. */
export function isHarmlessName(name: string, mayBeName: boolean): boolean {
  if (isHarmlessText(name, mayBeName)) return true
  return !looksOpaque(name) && NAME.test(name) && name.replace(/\D/g, '').length <= 2
}
