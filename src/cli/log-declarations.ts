import type { OptionDeclaration } from './declaration.js'

/** The argument of all commands that read LOGS. */
export const LOGS = {
  usage: '[LOGS...]',
  help: 'files, globs, directories, .gz, or - for standard input (default: edgemicro-*.log in /var/tmp, or where --gateway-config says)',
}

/** Their options (`LogOptions`). */
export const LOG_OPTIONS: readonly OptionDeclaration[] = [
  {
    flags: '--gateway-config <PATH>',
    help: "the gateway's configuration, a file or directory: base paths, targets, log directory",
  },
  { flags: '--mask-query', help: 'keep the names of query parameters, hide their values (default: drop the query)' },
  { flags: '--show-secrets', help: 'print API keys, query strings and tokens as written' },
]
