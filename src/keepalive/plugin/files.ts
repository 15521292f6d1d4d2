import { createHash } from 'node:crypto'
import { PLUGIN_CODE } from './code.js'
import { pluginReadme } from './readme.js'
import type { PluginSettings } from './settings.js'

/** Names of the files of a plugin, and their texts. */
export type PluginFiles = Readonly<Record<'index.js' | 'README.md' | 'package.json', string>>

/** The files of a plugin that is called `name`. `package.json` holds the settings, and digests of the others: so we know them again. */
export function pluginFiles(name: string, settings: PluginSettings, version: string): PluginFiles {
  const own = { 'index.js': PLUGIN_CODE, 'README.md': pluginReadme(name, settings) }
  const manifest = {
    name,
    version,
    description: 'Edge Microgateway plugin: gives idle connections to targets up before the target does',
    private: true,
    main: 'index.js',
    hangup: { settings, digests: { 'index.js': digestOf(own['index.js']), 'README.md': digestOf(own['README.md']) } },
  }
  return { ...own, 'package.json': `${JSON.stringify(manifest, null, 2)}\n` }
}

/** Why files of these names and texts are not wholly ours, in one phrase; null where they are. A missing one is no matter. */
export function foreignPart(found: ReadonlyMap<string, string>): string | null {
  if (found.size === 0) return null
  const digests = readDigests(found.get('package.json') ?? '')
  if (digests === null) return 'it holds files that are not of this plugin'
  for (const [name, text] of found) {
    if (name !== 'package.json' && digests[name] !== digestOf(text)) return `${name} was changed by hand`
  }
  return null
}

function readDigests(manifest: string): Readonly<Record<string, unknown>> | null {
  try {
    const digests: unknown = JSON.parse(manifest)?.hangup?.digests
    return typeof digests === 'object' && digests !== null ? (digests as Readonly<Record<string, unknown>>) : null
  } catch {
    return null
  }
}

function digestOf(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`
}
