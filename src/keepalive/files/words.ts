/** Words of a line, and whether its quotes are closed. */
export interface Words {
  readonly words: readonly string[]
  readonly isClosed: boolean
}

/**
 * Splits a line at blanks, as HAProxy and Apache do: quotes and backslashes are taken off, `#` where a word could begin
 * starts a comment. Linear in the line.
 */
export function splitWords(line: string): Words {
  const words: string[] = []
  let word = ''
  let isWord = false
  let quote = ''
  let start = 0
  for (let index = 0; index < line.length; index++) {
    const character = line[index]
    const isBlank = quote === '' && BLANKS.has(character)
    const isQuote = quote === '' ? character === '"' || character === "'" : character === quote
    const isEscape = character === '\\' && quote !== "'"
    if (quote === '' && !isWord && character === '#') return { words, isClosed: true }
    if (!isBlank && !isQuote && !isEscape) {
      isWord = true
      continue
    }
    word += line.slice(start, index)
    start = index + 1
    if (isBlank) {
      if (isWord) words.push(word)
      word = ''
      isWord = false
      continue
    }
    isWord = true
    if (isQuote) quote = quote === '' ? character : ''
    else {
      index++
      start = index
    }
  }
  if (isWord) words.push(word + line.slice(start))
  return { words, isClosed: quote === '' }
}

const BLANKS = new Set([' ', '\t', '\r', '\v', '\f', '\ufeff'])
