/** What stands in the place of a secret. */
export const MASK = '***'

/** A shorter API key is not looked for in other texts: it would be found in every one. */
export const MIN_KEY_LENGTH = 4

/**
 * Where the quote stands in `text` that ends what `quote` (with its backslashes) began before `from`: what follows it
 * must be able to follow a quoted text. -1 where there is none.
 */
export function closingQuote(text: string, quote: string, from: number): number {
  for (let at = text.indexOf(quote, from); at >= 0; at = text.indexOf(quote, at + 1)) {
    const next = text[at + quote.length]
    if (text[at - 1] !== '\\' && (next === undefined || BEHIND_QUOTE.test(next))) return at
  }
  return -1
}

const BEHIND_QUOTE = /[\s,:;)}\]]/
