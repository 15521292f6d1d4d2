import type { Command } from 'commander'
import type { CommandDeclaration, Example } from './declaration.js'
import type { Surface } from './terminal/terminal.js'
import { wrap } from './terminal/text.js'

/** Makes the help of a command (and of those added to it later) fit `surface`, with emphasis where it has colours. */
export function dressHelp(command: Command, surface: Surface): void {
  const { style } = surface
  command.configureHelp({
    helpWidth: Math.min(surface.width, MAX_WIDTH),
    showGlobalOptions: true,
    styleTitle: (text) => style.bold(text),
    styleCommandText: (text) => style.bold(text),
    styleSubcommandText: (text) => style.cyan(text),
    styleOptionText: (text) => style.cyan(text),
    styleArgumentText: (text) => style.cyan(text),
  })
}

/** What stands below the options in a command's help. */
export function renderDetails({ details, examples }: CommandDeclaration, surface: Surface): string {
  const paragraph = details === undefined ? [] : ['', ...wrap(details, Math.min(surface.width, MAX_WIDTH))]
  return [...paragraph, ...renderExamples(examples, surface)].join('\n')
}

/** `Examples:` and each one below, ready to be copied. */
export function renderExamples(examples: readonly Example[], { style }: Surface): string[] {
  const title = examples.length === 1 ? 'Example:' : 'Examples:'
  return ['', style.bold(title), ...examples.flatMap(({ command, says }) => [style.dim(`  # ${says}`), `  ${command}`])]
}

const MAX_WIDTH = 100
