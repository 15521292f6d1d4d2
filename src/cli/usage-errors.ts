import { type Command, CommanderError } from 'commander'
import { ConfigError } from '../errors.js'

/** An error in how the command line was written: exit code 2. */
export function usageError(message: string, hint: string): ConfigError {
  return new ConfigError(message, { code: 'usage', hint })
}

/**
 * Commander's error as one of ours; null where it only ended after printing help or the version. Any other error comes
 * back as it is.
 */
export function toUsageError(error: unknown, program: Command): unknown {
  if (!(error instanceof CommanderError)) return error
  if (error.exitCode === 0) return null
  if (error.code === 'commander.help') return noCommand(program)
  const [first, ...rest] = error.message.replace(/^error: /, '').split('\n')
  const nearest = /Did you mean (?:one of )?([^?]+)\?/.exec(rest.join(' '))?.[1]
  const help = `hangup ${commandName(program)}--help`
  return usageError(reword(first), nearest === undefined ? `see ${help}` : `did you mean ${nearest}? see ${help}`)
}

/** `hangup: <what happened>: <which thing>`. */
function reword(message: string): string {
  for (const [pattern, text] of WORDINGS) if (pattern.test(message)) return message.replace(pattern, text)
  return message
}

const WORDINGS: readonly (readonly [RegExp, string])[] = [
  [/^unknown option '(.*)'$/s, 'unknown option: $1'],
  [/^unknown command '(.*)'$/s, 'unknown command: $1'],
  [/^missing required argument '(.*)'$/s, 'argument missing: $1'],
  [/^option '(.*)' argument missing$/s, 'value missing: $1'],
  [/^option '(.*)' cannot be used with option '(.*)'$/s, 'options exclude each other: $1 and $2'],
  [/^too many arguments for '(.*)'\. (.*)\.$/s, 'too many arguments: $1 ($2)'],
]

/** The names of the command that was called, each with a blank behind it; empty for the program itself. */
function commandName(program: Command): string {
  const command = program.commands.find((each) => each.name() === program.args[0])
  return command === undefined ? '' : `${command.name()} ${commandName(command)}`
}

function noCommand(program: Command): ConfigError {
  const name = commandName(program)
  const hint = name === '' ? 'try hangup report LOGS' : `see hangup ${name}--help`
  return usageError(`no command given: hangup ${name}COMMAND`, hint)
}
