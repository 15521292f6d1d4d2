import { type Option, optionsOf } from './option-walk.js'
import { pipelineSchema } from './schema.js'

/** Where the table begins and ends in a document that holds it. */
export const OPTION_TABLE_MARKERS = { begin: '<!-- options:begin -->', end: '<!-- options:end -->' } as const

/** All options of a pipeline file as a Markdown table: name, default, unit or range, help. Ends in a newline. */
export function optionTable(): string {
  const rows = optionsOf(pipelineSchema).map((option) => [
    `\`${option.name}\``,
    defaultOf(option),
    option.values,
    option.help,
  ])
  return [['option', 'default', 'values', 'meaning'], ['---', '---', '---', '---'], ...rows]
    .map((cells) => `| ${cells.map(escapeCell).join(' | ')} |\n`)
    .join('')
}

/** The document with the table between its markers replaced by the present one; unchanged where it has no markers. */
export function withOptionTable(markdown: string): string {
  const begin = markdown.indexOf(OPTION_TABLE_MARKERS.begin)
  const end = markdown.indexOf(OPTION_TABLE_MARKERS.end)
  if (begin === -1 || end < begin) return markdown
  return `${markdown.slice(0, begin + OPTION_TABLE_MARKERS.begin.length)}\n${optionTable()}${markdown.slice(end)}`
}

function defaultOf({ defaultText, required }: Option): string {
  return defaultText ?? (required ? 'required' : 'none')
}

function escapeCell(cell: string): string {
  return cell.replaceAll('|', '\\|')
}
