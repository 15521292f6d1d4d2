import fs from 'node:fs'
import path from 'node:path'
import { cacheDirectory } from './cache.mjs'
import { run } from './run.mjs'

/**
 * Folder `name` of the cache. Where it is not there, `build` puts it together in a temporary folder and returns what
 * becomes it. Safe to call in several processes at once.
 */
export function kept(name, build) {
  const cache = cacheDirectory()
  const home = path.join(cache, name)
  if (fs.existsSync(home)) return home
  const work = fs.mkdtempSync(path.join(cache, 'preparing-'))
  try {
    const built = build(work)
    run('chmod', ['-R', 'a+rX', built])
    try {
      fs.renameSync(built, home)
    } catch (error) {
      if (!fs.existsSync(home)) throw error // Another process was first.
    }
    return home
  } finally {
    fs.rmSync(work, { recursive: true, force: true })
  }
}
