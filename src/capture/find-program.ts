import { access, constants } from 'node:fs/promises'
import { delimiter, isAbsolute, join } from 'node:path'

/** Where system programs are that users' search paths often leave out. */
const SYSTEM_DIRECTORIES = ['/usr/sbin', '/sbin', '/usr/local/sbin'] as const

/** The absolute path of a program; null where neither the search path nor the system's directories have it. */
export async function findProgram(name: string, searchPath: string): Promise<string | null> {
  const directories = [...searchPath.split(delimiter).filter(isAbsolute), ...SYSTEM_DIRECTORIES]
  for (const directory of directories) {
    const file = join(directory, name)
    const isThere = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (isThere) return file
  }
  return null
}
