import { styleText } from 'node:util'

/** Emphasis for people. Without colours each one returns its text as it is, so no meaning may lie in colour alone. */
export interface Style {
  bold(text: string): string
  dim(text: string): string
  red(text: string): string
  green(text: string): string
  yellow(text: string): string
  cyan(text: string): string
}

export type Emphasis = keyof Style

export interface StyleInput {
  readonly isTerminal: boolean
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** Whether a stream gets colours: `FORCE_COLOR` decides if set, then `NO_COLOR` (no-color.org), `TERM=dumb`, and whether it is a terminal. */
export function hasColours({ isTerminal, environment }: StyleInput): boolean {
  const { FORCE_COLOR: force, NO_COLOR: no, TERM: term } = environment
  if (force !== undefined) return force !== '0' && force !== 'false'
  return isTerminal && !no && term !== 'dumb'
}

export function createStyle(input: StyleInput): Style {
  const paint = hasColours(input)
    ? (emphasis: Emphasis) => (text: string) => styleText(emphasis, text, { validateStream: false })
    : () => (text: string) => text
  return {
    bold: paint('bold'),
    dim: paint('dim'),
    red: paint('red'),
    green: paint('green'),
    yellow: paint('yellow'),
    cyan: paint('cyan'),
  }
}
