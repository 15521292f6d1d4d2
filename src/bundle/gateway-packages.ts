import { readFile, realpath } from 'node:fs/promises'
import { delimiter, dirname, join } from 'node:path'

/** Packages of the gateway whose versions tell how it writes logs and keeps connections. */
const PACKAGES = ['edgemicro', 'microgateway-core', 'microgateway-config', 'microgateway-plugins'] as const

/** Versions by package, of the `edgemicro` that a search path finds first; empty where there is none. Reads nothing else. */
export async function gatewayPackages(searchPath: string): Promise<Readonly<Record<string, string>>> {
  for (const directory of searchPath.split(delimiter).filter((each) => each !== '')) {
    const program = await realpath(join(directory, 'edgemicro')).catch(() => null)
    if (program !== null) return versionsAround(program)
  }
  return {}
}

/** npm puts `edgemicro` as a link to its file in `cli/`, and dependencies below or beside its package. */
async function versionsAround(program: string): Promise<Readonly<Record<string, string>>> {
  const own = join(dirname(program), '..')
  const versions: Record<string, string> = {}
  for (const name of PACKAGES) {
    const places = name === 'edgemicro' ? [own] : [join(own, 'node_modules', name), join(own, '..', name)]
    for (const place of places) {
      const version = await versionOf(join(place, 'package.json'), name)
      if (version !== null && versions[name] === undefined) versions[name] = version
    }
  }
  return versions
}

async function versionOf(manifest: string, name: string): Promise<string | null> {
  try {
    const read: unknown = JSON.parse(await readFile(manifest, 'utf8'))
    if (typeof read !== 'object' || read === null || !('name' in read) || !('version' in read)) return null
    const { version } = read
    return read.name === name && typeof version === 'string' && /^\d[\w.+-]{0,40}$/.test(version) ? version : null
  } catch {
    return null
  }
}
