import { spawnSync } from 'node:child_process'
import path from 'node:path'

/** Runs a program to its end, by default in our environment; throws with what it printed where it fails. */
export function run(program, parameters, { env } = {}) {
  const { status, error, stdout, stderr } = spawnSync(program, parameters, { encoding: 'utf8', env })
  if (status === 0) return
  const printed = `${stdout ?? ''}${stderr ?? ''}`.slice(-3000)
  throw new Error(`${path.basename(program)} failed (${error?.message ?? `exit code ${status}`}): ${printed}`)
}

/** Lets Maven do what `pom` says in its phase `validate`, with `properties`. */
export function maven(pom, properties) {
  if (spawnSync('mvn', ['-v']).status !== 0) {
    throw new Error("no mvn on the path: install Maven, on Debian with 'apt-get install maven'; it fetches the server")
  }
  const given = Object.entries(properties).map(([name, value]) => `-D${name}=${value}`)
  run('mvn', ['--quiet', '--batch-mode', '--file', pom, ...given, 'validate'])
}
