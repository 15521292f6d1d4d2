import { type Option, optionsOf } from './option-walk.js'
import { pipelineSchema } from './schema.js'

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

function defaultOf({ defaultText, required }: Option): string {
  return defaultText ?? (required ? 'required' : 'none')
}

function escapeCell(cell: string): string {
  return cell.replaceAll('|', '\\|')
}
