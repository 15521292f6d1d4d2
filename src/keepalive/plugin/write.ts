import { lstat, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { ConfigError, PermanentError, systemCode } from '../../errors.js'
import { foreignPart, type PluginFiles } from './files.js'

/**
 * Writes a plugin's files to a directory that is new, empty, or holds an earlier form of this plugin which nobody has changed. Each file is
 * replaced as a whole. Throws `ConfigError` (`plugin_not_ours`) before anything is written where it is another's, `PermanentError`
 * where the disk refuses.
 */
export async function writePlugin(directory: string, files: PluginFiles): Promise<void> {
  const foreign = foreignPart(await readOwn(directory, Object.keys(files)))
  if (foreign !== null) {
    throw new ConfigError(`will not write over what is not ours: ${directory} (${foreign})`, {
      code: 'plugin_not_ours',
      hint: 'name another directory with --out, or take this one away',
    })
  }
  try {
    await mkdir(directory, { recursive: true })
    for (const [name, text] of Object.entries(files)) {
      const temporary = path.join(directory, `.${name}.new`)
      await rm(temporary, { force: true })
      await writeFile(temporary, text, { mode: 0o644, flag: 'wx' })
      await rename(temporary, path.join(directory, name))
    }
  } catch (error) {
    const code = systemCode(error)
    throw new PermanentError(`cannot write the plugin: ${directory} (${code ?? String(error)})`, {
      code: code === 'ENOSPC' ? 'disk_full' : 'output_failed',
      hint: 'check the directory, its permissions and the room on its disk',
      cause: error,
    })
  }
}

/** Texts of the files of these names that are there. A directory that holds others and none of ours counts as one of another's. */
async function readOwn(directory: string, names: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>()
  const entries = await readdir(directory).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return []
    throw new ConfigError(`not a directory that can be read: ${directory} (${systemCode(error) ?? String(error)})`, {
      code: 'config',
      hint: 'name another directory with --out',
      cause: error,
    })
  })
  for (const name of entries.filter((each) => names.includes(each))) {
    const file = path.join(directory, name)
    // A link or a folder in the place of a file is nobody's text.
    found.set(name, (await lstat(file)).isFile() ? await readFile(file, 'utf8') : '')
  }
  return found.size > 0 || entries.length === 0 ? found : new Map(entries.map((name) => [name, '']))
}
