/** Words as one line that a POSIX shell reads as just these words. Throws where one holds what must not be printed. */
export function shellLine(words: readonly string[]): string {
  return words.map(shellWord).join(' ')
}

/** Whether a text can stand in a command for people: no control characters, nothing invisible, no other writing direction. */
export function isPrintable(text: string): boolean {
  return !/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/u.test(text)
}

function shellWord(word: string): string {
  if (!isPrintable(word)) throw new Error('a word of a command holds characters that cannot be shown')
  return /^[\w@%+:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}
