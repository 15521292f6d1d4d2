import type { Emphasis, Style } from './style.js'
import { cutMiddle, displayWidth, visible } from './text.js'

export interface Column {
  readonly title: string
  /** Numbers go to the right and are never cut. */
  readonly align?: 'left' | 'right'
  readonly emphasis?: Emphasis
}

export interface Table {
  readonly columns: readonly Column[]
  /** One text per column. Any text will do: what a terminal would obey is made visible here. */
  readonly rows: readonly (readonly string[])[]
}

export interface TableLayout {
  /** Columns of the terminal. */
  readonly width: number
  readonly indent?: number
  readonly style: Style
}

/**
 * Lines of an aligned table, its titles first. Where it is wider than the terminal, the widest column of text gives
 * way, its texts cut in the middle, again and again until the table fits or no text is longer than `MIN_WIDTH`.
 */
export function renderTable({ columns, rows }: Table, { width, indent = 0, style }: TableLayout): string[] {
  const titles = columns.map(({ title }) => title)
  const cells = rows.map((row) => row.map(visible))
  const widths = fitWidths(
    columns,
    columns.map((_, index) => widest([titles, ...cells], index)),
    width - indent,
  )
  const line = (row: readonly string[], paint: (text: string, column: Column) => string): string => {
    const parts = columns.map((column, index) => {
      const text = cutMiddle(row[index] ?? '', widths[index])
      const gap = ' '.repeat(Math.max(0, widths[index] - displayWidth(text)))
      const last = index === columns.length - 1
      const painted = text === '' ? '' : paint(text, column)
      return column.align === 'right' ? gap + painted : last ? painted : painted + gap
    })
    return `${' '.repeat(indent)}${parts.join(GAP)}`.trimEnd()
  }
  return [
    line(titles, (text) => style.dim(text)),
    ...cells.map((row) => line(row, (text, { emphasis }) => (emphasis ? style[emphasis](text) : text))),
  ]
}

const GAP = '  '
const MIN_WIDTH = 8

function widest(rows: readonly (readonly string[])[], index: number): number {
  return rows.reduce((width, row) => Math.max(width, displayWidth(row[index] ?? '')), 0)
}

function fitWidths(columns: readonly Column[], natural: readonly number[], width: number): number[] {
  const widths = [...natural]
  let excess = widths.reduce((sum, each) => sum + each, 0) + GAP.length * (columns.length - 1) - width
  while (excess > 0) {
    const texts = columns.flatMap(({ align }, index) =>
      align !== 'right' && widths[index] > MIN_WIDTH ? [{ index, width: widths[index] }] : [],
    )
    if (texts.length === 0) break
    texts.sort((a, b) => b.width - a.width)
    const next = texts[1]?.width ?? MIN_WIDTH
    const cut = Math.min(excess, Math.max(1, texts[0].width - Math.max(next, MIN_WIDTH)))
    widths[texts[0].index] -= cut
    excess -= cut
  }
  return widths
}
