import path from 'node:path'
import { splitAddress } from '../../config/option-types.js'
import { DURATION_EXAMPLES, parseDuration } from '../../config/units.js'
import { pluginFiles } from '../../keepalive/plugin/files.js'
import { isPluginName, type PluginSettings } from '../../keepalive/plugin/settings.js'
import { writePlugin } from '../../keepalive/plugin/write.js'
import type { Context } from '../context.js'
import type { KeepalivePluginOptions } from '../options.js'
import { visible } from '../terminal/text.js'
import { writeOutput } from '../terminal/write.js'
import { usageError } from '../usage-errors.js'

/** `hangup keepalive plugin`. */
export async function run(_: readonly string[], options: KeepalivePluginOptions, context: Context): Promise<number> {
  const settings = readSettings(options)
  const directory = path.resolve(context.cwd, options.out)
  const name = path.basename(directory)
  if (!isPluginName(name)) {
    throw usageError(
      `not a name for a plugin: ${name}, in --out`,
      'letters, digits, - and _, and no name that the gateway itself uses: it names a section of its configuration',
    )
  }
  await writePlugin(directory, pluginFiles(name, settings, context.version))
  await writeOutput(context.stdout, `${nextSteps(directory, name).map(visible).join('\n')}\n`)
  return 0
}

/** What a timer of Node can wait: a longer one would end at once. */
const LONGEST_MS = 0x7fff_ffff

function readSettings({ timeout, for: others }: KeepalivePluginOptions): PluginSettings {
  const proxies: Record<string, number> = {}
  const targets: Record<string, number> = {}
  for (const text of others) {
    const [, what, time] = /^(.+)=([^=]*)$/s.exec(text) ?? []
    if (what?.startsWith('/') && /^[!-~]+$/.test(what)) proxies[what] = readTime(`--for ${text}`, time)
    else if (what !== undefined && /^[!-~]+$/.test(what) && splitAddress(what) !== null) {
      targets[what] = readTime(`--for ${text}`, time)
    } else {
      throw usageError(`neither a base path nor a target: --for ${text}`, 'such as /v1/orders=2s or 10.0.0.9:8080=2s')
    }
  }
  return { timeoutMs: readTime(`--timeout ${timeout}`, timeout), proxies, targets }
}

function readTime(shown: string, text: string): number {
  const timeMs = parseDuration(text)
  if (timeMs !== null && timeMs > 0 && timeMs <= LONGEST_MS) return timeMs
  throw usageError(`not a time: ${shown}`, `write ${DURATION_EXAMPLES}, less than the target's idle timeout`)
}

function nextSteps(directory: string, name: string): string[] {
  return [
    `${directory} is written: index.js, package.json, README.md`,
    '',
    'To turn it on, on each gateway host:',
    `  1. copy it into a directory of plugins, such as /opt/edgemicro/plugins/${name}`,
    '  2. name it in ORG-ENV-config.yaml, last in the sequence:',
    '       edgemicro:',
    '         plugins:',
    '           dir: /opt/edgemicro/plugins',
    '           sequence:',
    '             - oauth',
    `             - ${name}`,
    '  3. edgemicro reload, or start it again (edgemicro start … -d /opt/edgemicro/plugins names the directory, too)',
    '  4. look whether races are gone: hangup report',
    `README.md says how to set other times in a section ${name} of the configuration.`,
  ]
}
