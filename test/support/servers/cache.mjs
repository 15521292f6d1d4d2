import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'

/** As root, the server runs as this user, `nobody`: it refuses to run as root. */
export const NOBODY = 65_534

export const isRoot = () => process.getuid?.() === 0

/**
 * Where prepared servers are kept between runs, outside of the checkout: `HANGUP_TEST_CACHE`, else a folder of the
 * user's cache directory; for root one that `nobody` can reach.
 */
export function cacheDirectory() {
  const directory = process.env.HANGUP_TEST_CACHE || defaultDirectory()
  fs.mkdirSync(directory, { recursive: true })
  const real = fs.realpathSync(directory)
  assertReachable(real, 'name another folder with HANGUP_TEST_CACHE')
  return real
}

function defaultDirectory() {
  if (isRoot()) return '/var/tmp/hangup-test'
  return path.join(process.env.XDG_CACHE_HOME || path.join(os.homedir(), '.cache'), 'hangup-test')
}

/** Throws where `directory` is closed to the user that the server runs as. */
export function assertReachable(directory, hint) {
  const closed = closedFolder(directory)
  if (closed !== undefined) {
    throw new Error(`${closed} is closed to the user ${NOBODY}, as whom the server runs for root: ${hint}`)
  }
}

/** What keeps the server's user from `directory`, or undefined. */
export function closedFolder(directory) {
  return isRoot() ? ancestors(directory).find((each) => (fs.statSync(each).mode & 0o001) === 0) : undefined
}

/** `directory` and all that it lies in. */
function ancestors(directory) {
  const parent = path.dirname(directory)
  return parent === directory ? [directory] : [directory, ...ancestors(parent)]
}
