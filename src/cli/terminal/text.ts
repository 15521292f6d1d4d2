/**
 * Makes text from a log fit to be shown: what a terminal would obey (escape sequences, line breaks, changes of writing
 * direction, invisible characters) becomes something that can be read. ESC is shown as `␛`, the others of C0 likewise;
 * the rest as `<U+202E>`. Nothing else changes, so ordinary text comes back as it is.
 */
export function visible(text: string): string {
  return PLAIN.test(text) ? text : text.replace(UNSAFE, (character) => name(character.codePointAt(0) ?? 0))
}

/** Columns that the text takes on a terminal: 0 for combining marks, 2 for wide East Asian letters and emoji. */
export function displayWidth(text: string): number {
  if (PLAIN.test(text)) return text.length
  let width = 0
  for (const { segment } of GRAPHEMES.segment(text)) width += graphemeWidth(segment)
  return width
}

/** The text with its middle replaced by `…` so that it takes `width` columns at most; both ends stay readable. */
export function cutMiddle(text: string, width: number): string {
  if (displayWidth(text) <= width) return text
  if (width <= 1) return '…'.slice(0, Math.max(0, width))
  const graphemes = Array.from(GRAPHEMES.segment(text), ({ segment }) => segment)
  const head = take(graphemes, Math.ceil((width - 1) / 2))
  const tail = take(graphemes.reverse(), Math.floor((width - 1) / 2))
  return `${head.join('')}…${tail.reverse().join('')}`
}

/**
 * Breaks text at blanks into lines of `width` columns at most; a longer word stands alone on its line. A no-break space
 * holds words together and comes out as a blank.
 */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && displayWidth(line) + 1 + displayWidth(word) > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line].map((each) => each.replaceAll('\u00a0', ' '))
}

const PLAIN = /^[\x20-\x7e]*$/
/** Control, format (bidi overrides, zero width), lone surrogate, line and paragraph separator. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu
const GRAPHEMES = new Intl.Segmenter('en', { granularity: 'grapheme' })
const MARKS_ONLY = /^\p{M}+$/u
const WIDE =
  /^(?:\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}])/u

function name(codePoint: number): string {
  if (codePoint < 0x20) return String.fromCodePoint(0x2400 + codePoint)
  if (codePoint === 0x7f) return '␡'
  return `<U+${codePoint.toString(16).toUpperCase().padStart(4, '0')}>`
}

function graphemeWidth(grapheme: string): number {
  if (MARKS_ONLY.test(grapheme)) return 0
  return WIDE.test(grapheme) ? 2 : 1
}

function take(graphemes: readonly string[], width: number): string[] {
  const taken: string[] = []
  let left = width
  for (const grapheme of graphemes) {
    left -= graphemeWidth(grapheme)
    if (left < 0) break
    taken.push(grapheme)
  }
  return taken
}
