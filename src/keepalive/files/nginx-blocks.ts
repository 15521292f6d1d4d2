import { type FilePlace, faultIn, type Include, MAX_DEPTH, type SourceText } from './server-file.js'

/** `name args… ;`, or a block when it has a body. */
export interface Directive extends FilePlace {
  readonly line: number
  readonly name: string
  readonly args: readonly string[]
}

export interface Block extends Directive {
  readonly directives: readonly Directive[]
  readonly blocks: readonly Block[]
}

interface OpenBlock extends Directive {
  readonly directives: Directive[]
  readonly blocks: Block[]
}

/**
 * Parses nginx's configuration language: words, quotes, comments, blocks, includes (put in where they stand). Linear in
 * the text. Throws `ConfigError` with file and line.
 */
export function parseNginxBlocks(source: SourceText, include: Include): Block {
  const root: OpenBlock = { name: '', args: [], file: source.file, line: 1, directives: [], blocks: [] }
  readInto(root, source, include)
  return root
}

function readInto(root: OpenBlock, { file, text }: SourceText, include: Include): void {
  const open: OpenBlock[] = [root]
  let words: string[] = []
  let wordLine = 1
  const lexer = new Lexer(text, (line, reason) => faultIn('nginx', { file, line }, reason))
  for (let token = lexer.next(); token !== null; token = lexer.next()) {
    if (token.kind === 'word') {
      if (words.length === 0) wordLine = token.line
      words.push(token.text)
      continue
    }
    const [name = '', ...args] = words
    const statement: Directive = { name, args, file, line: wordLine }
    words = []
    if (token.kind === '}') {
      if (name !== '') throw faultIn('nginx', statement, 'a directive does not end with ;')
      if (open.length === 1) throw faultIn('nginx', { file, line: token.line }, 'a } that closes nothing')
      open.pop()
    } else if (name === '') throw faultIn('nginx', { file, line: token.line }, `a ${token.kind} without a directive`)
    else if (token.kind === ';') addDirective(open[open.length - 1], statement, include)
    else if (name.endsWith('_by_lua_block')) lexer.skipBraces()
    else {
      if (open.length > MAX_DEPTH) throw faultIn('nginx', statement, 'blocks are nested too deeply')
      const block: OpenBlock = { ...statement, directives: [], blocks: [] }
      open[open.length - 1].blocks.push(block)
      open.push(block)
    }
  }
  if (words.length > 0) throw faultIn('nginx', { file, line: wordLine }, 'a directive does not end with ;')
  if (open.length > 1) throw faultIn('nginx', open[open.length - 1], 'a block is not closed with }')
}

function addDirective(block: OpenBlock, directive: Directive, include: Include): void {
  if (directive.name !== 'include') {
    block.directives.push(directive)
    return
  }
  const [pattern] = directive.args
  if (pattern === undefined) throw faultIn('nginx', directive, 'include names no file')
  for (const source of include(pattern, directive, { mayBeAbsent: false })) readInto(block, source, include)
}

type Token = { readonly kind: 'word' | ';' | '{' | '}'; readonly text: string; readonly line: number }

class Lexer {
  #at = 0
  #line = 1

  constructor(
    private readonly text: string,
    private readonly fault: (line: number, reason: string) => Error,
  ) {}

  next(): Token | null {
    this.#skipBlank()
    const character = this.text[this.#at]
    if (character === undefined) return null
    const line = this.#line
    if (character === ';' || character === '{' || character === '}') {
      this.#at++
      return { kind: character, text: character, line }
    }
    return { kind: 'word', text: character === '"' || character === "'" ? this.#quoted(character) : this.#word(), line }
  }

  /** Passes over the body of a block in another language, from behind its `{` to behind its `}`. */
  skipBraces(): void {
    const line = this.#line
    for (let depth = 1; depth > 0; this.#at++) {
      const character = this.text[this.#at]
      if (character === undefined) throw this.fault(line, 'a block is not closed with }')
      if (character === '\n') this.#line++
      else if (character === '{') depth++
      else if (character === '}') depth--
    }
  }

  #skipBlank(): void {
    for (; this.#at < this.text.length; this.#at++) {
      const character = this.text[this.#at]
      if (character === '#') {
        const end = this.text.indexOf('\n', this.#at)
        this.#at = (end === -1 ? this.text.length : end) - 1
      } else if (character === '\n') this.#line++
      else if (!BLANKS.has(character)) return
    }
  }

  #quoted(quote: string): string {
    const line = this.#line
    const parts: string[] = []
    for (this.#at++; this.#at < this.text.length; this.#at++) {
      let character = this.text[this.#at]
      if (character === quote) {
        this.#at++
        return parts.join('')
      }
      if (character === '\\' && this.#at + 1 < this.text.length) character = this.text[++this.#at]
      if (character === '\n') this.#line++
      parts.push(character)
    }
    throw this.fault(line, 'a quote is not closed')
  }

  #word(): string {
    const start = this.#at
    let inVariable = false
    for (; this.#at < this.text.length; this.#at++) {
      const character = this.text[this.#at]
      if (character === '\\') {
        if (this.text[this.#at + 1] === '\n') this.#line++
        this.#at++
      } else if (character === '{' && this.text[this.#at - 1] === '$') inVariable = true
      else if (character === '}' && inVariable) inVariable = false
      else if (character === '\n' || BLANKS.has(character) || ENDS.has(character)) break
    }
    this.#at = Math.min(this.#at, this.text.length)
    return this.text.slice(start, this.#at)
  }
}

const BLANKS = new Set([' ', '\t', '\r', '\ufeff'])
const ENDS = new Set([';', '{', '}'])
