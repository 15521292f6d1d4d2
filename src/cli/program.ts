import path from 'node:path'
import { Command, Option } from 'commander'
import type { CommandModule, Context } from './context.js'
import type { CommandDeclaration, OptionDeclaration } from './declaration.js'
import { COMMANDS, GLOBAL_OPTIONS } from './declarations.js'
import { dressHelp, renderDetails, renderExamples } from './help.js'
import type { GlobalOptions } from './options.js'
import { toUsageError } from './usage-errors.js'

export interface ProgramInput {
  /** Without the names of Node and of the program. */
  readonly argv: readonly string[]
  readonly context: Context
  readonly commands?: readonly CommandDeclaration[]
}

/**
 * Reads the command line and runs the command it names; its exit code. Help and version go to stdout and give 0. Throws
 * `ConfigError` (`usage`) for a wrong command line, and whatever the command throws.
 */
export async function runProgram({ argv, context, commands = COMMANDS }: ProgramInput): Promise<number> {
  let exitCode = 0
  const program = createProgram(context)
  addCommands(program, commands)
  try {
    await program.parseAsync([...argv], { from: 'user' })
  } catch (error) {
    const usage = toUsageError(error, program)
    if (usage === null) return 0
    throw usage
  }
  return exitCode

  function addCommands(above: Command, declarations: readonly CommandDeclaration[]): void {
    for (const declaration of declarations) {
      const { commands: below = [], load } = declaration
      const command = addCommand(above, declaration, context)
      addCommands(command, below)
      if (load === undefined) command.helpCommand(...HELP_COMMAND)
      else {
        command.action(async () => {
          exitCode = await runCommand({ declaration, command, load }, context)
        })
      }
    }
  }
}

const HELP_COMMAND = ['help [command]', 'print help for a command'] as const

function createProgram(context: Context): Command {
  const program = new Command('hangup')
    .description(
      'Says how often requests to targets fail behind an Apigee Edge Microgateway, where, since when, and why.',
    )
    .version(context.version, '--version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand(...HELP_COMMAND)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: (text) => context.stderr.write(text),
      outputError: () => {},
      getOutHasColors: () => true,
      getErrHasColors: () => true,
      getOutHelpWidth: () => context.terminal.output.width,
      getErrHelpWidth: () => context.terminal.messages.width,
    })
  dressHelp(program, context.terminal.output)
  addOptions(program, GLOBAL_OPTIONS)
  const first = [{ command: 'hangup report pipelines/samples', says: 'what happened in the sample logs' }]
  const more = 'hangup help COMMAND says more.'
  return program.addHelpText('after', () => [...renderExamples(first, context.terminal.output), '', more].join('\n'))
}

function addCommand(program: Command, declaration: CommandDeclaration, context: Context): Command {
  const { name, summary, options } = declaration
  const command = program.command(name).description(summary)
  for (const { usage, help } of declaration.arguments) {
    command.argument(usage.startsWith('[') ? usage : `<${usage}>`, help)
  }
  addOptions(command, options)
  return command.addHelpText('after', () => renderDetails(declaration, context.terminal.output))
}

function addOptions(command: Command, declarations: readonly OptionDeclaration[]): void {
  for (const { flags, help, default: value, repeatable, conflicts } of declarations) {
    const option = new Option(flags, help)
    if (value !== undefined) option.default(value)
    if (repeatable) option.argParser((text: string, previous?: readonly string[]) => [...(previous ?? []), text])
    if (conflicts !== undefined) option.conflicts(conflicts)
    command.addOption(option)
  }
}

interface Runnable {
  readonly declaration: CommandDeclaration
  readonly command: Command
  readonly load: () => Promise<CommandModule>
}

async function runCommand({ declaration, command, load }: Runnable, context: Context): Promise<number> {
  const options = completeOptions(declaration, command.optsWithGlobals(), context)
  const terminal = options.progress ? context.terminal : context.terminal.withoutProgress()
  const { run } = await load()
  return run(command.args, options, { ...context, terminal })
}

/** Every flag has a value, so that commands need no defaults of their own. */
function completeOptions(
  declaration: CommandDeclaration,
  given: Readonly<Record<string, unknown>>,
  { cwd, environment }: Context,
): GlobalOptions {
  const absent: Record<string, unknown> = {}
  for (const { flags, help, repeatable } of declaration.options) {
    const option = new Option(flags, help)
    if (repeatable) absent[option.attributeName()] = []
    else if (option.isBoolean()) absent[option.attributeName()] = false
  }
  const state = typeof given.state === 'string' ? given.state : environment.HANGUP_STATE || '.hangup'
  return {
    ...absent,
    ...given,
    debug: given.debug === true,
    progress: given.progress !== false,
    state: path.resolve(cwd, state),
    stateGiven: given.state !== undefined,
  }
}
