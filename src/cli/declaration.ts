import type { CommandModule } from './context.js'

export interface OptionDeclaration {
  readonly flags: string
  readonly help: string
  readonly default?: string
  /** May be given several times; its values become a list. */
  readonly repeatable?: boolean
  /** Name of an option that can not be given with this one. */
  readonly conflicts?: string
}

export interface Example {
  readonly command: string
  readonly says: string
}

export interface CommandDeclaration {
  readonly name: string
  /** As in usage lines: `PIPELINE`, `[LOGS...]`. */
  readonly arguments: readonly { readonly usage: string; readonly help: string }[]
  readonly summary: string
  readonly details?: string
  readonly options: readonly OptionDeclaration[]
  /** Each one works as it stands on the shipped samples. */
  readonly examples: readonly Example[]
  /** Imports the implementation; called only when the command runs, so that others start fast. Absent: it has `commands`. */
  readonly load?: () => Promise<CommandModule>
  /** Commands below this one, `hangup NAME BELOW`; it does nothing itself. */
  readonly commands?: readonly CommandDeclaration[]
}
