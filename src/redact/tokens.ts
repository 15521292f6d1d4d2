import { MASK } from './mask.js'

/**
 * Masks words that look like random tokens, whatever stands before them. Stricter than the rules for texts: names with many
 * digits may be taken for one. Ids of the form of a UUID stay: the gateway's own are needed to tell requests apart.
 */
export function maskTokens(text: string): string {
  return text.replace(RUN, (run) => {
    if (!run.includes('/')) return looksOpaque(run) ? MASK : run
    // Base64 has slashes as paths have them: a path begins with one.
    if (!run.startsWith('/') && run.split('/').some(looksOpaque)) return MASK
    return run.split('/').map(maskOpaque).join('/')
  })
}

/** The same for a path; here UUIDs are masked, too: a piece of a path may be a one-time token or an API key. */
export function maskPathTokens(path: string): string {
  return path
    .split('/')
    .map((segment) => maskOpaque(segment.replace(UUID, MASK)))
    .join('/')
}

/** Whether a word is more likely made by a machine than by a person: random letters and digits, a long number. */
export function looksOpaque(word: string): boolean {
  return word.length >= MIN_LENGTH && word.replace(UUID, '').split(SEPARATORS).some(isRandom)
}

const RUN = /[\w+/=~-]{10,}/g
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi
const SEPARATORS = /[^A-Za-z0-9]+/
const MIN_LENGTH = 10

const maskOpaque = (word: string): string => (looksOpaque(word) ? MASK : word)

function isRandom(run: string): boolean {
  if (run.length < MIN_LENGTH) return false
  if (/^\d+$/.test(run)) return run.length >= 15
  const isLong = run.length >= 16
  return (
    count(run, /\d(?=\D)|\D(?=\d)/g) >= 3 ||
    (isLong && count(run, /[a-z](?=[^a-z])|[A-Z](?=[^A-Z])|\d(?=\D)/g) >= 6) ||
    (isLong && /^[A-Z0-9]+$/.test(run)) ||
    (run.length >= 32 && /\d/.test(run))
  )
}

const count = (text: string, expression: RegExp): number => text.match(expression)?.length ?? 0
