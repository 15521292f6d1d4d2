import { basename } from 'node:path'
import { readYaml, writeYaml } from '../config/document.js'
import { GATEWAY_LIMITS, type GatewayText } from '../config/gateway.js'
import { type Entry, textEntry } from './entry.js'
import type { EntryNames } from './entry-names.js'
import { type MaskedSetting, maskSettings } from './mask-settings.js'

/** What of a gateway's configuration goes into the archive. */
export interface ConfigurationFiles {
  readonly files: readonly { readonly entry: Entry; readonly masked: readonly MaskedSetting[] }[]
  /** Names of files whose structure cannot be read, so that nobody knows where their secrets are. */
  readonly unreadable: readonly string[]
}

/** Files of a gateway's configuration without their secrets, written anew from their data: comments are not taken over. */
export function configurationFiles(texts: readonly GatewayText[], names: EntryNames): ConfigurationFiles {
  const files: { entry: Entry; masked: readonly MaskedSetting[] }[] = []
  const unreadable: string[] = []
  for (const { file, text } of texts) {
    const { data, usable } = readYaml(text, GATEWAY_LIMITS)
    const name = names.unique('configuration', nameOf(file))
    if (usable) {
      const { data: shown, masked } = maskSettings(data)
      files.push({ entry: textEntry(name, `${NOTE}\n${writeYaml(shown)}`), masked })
    } else unreadable.push(name)
  }
  return { files, unreadable }
}

/** A name that the gateway gave; another one may hold what its user typed. */
function nameOf(file: string): string {
  const name = basename(file)
  return /^[\w.-]+-config\.ya?ml$|^default\.yaml$/.test(name) ? name : 'configuration.yaml'
}

const NOTE =
  '# Written anew by hangup bundle: *** stands for what may be secret (MANIFEST.json), comments are left out.'
