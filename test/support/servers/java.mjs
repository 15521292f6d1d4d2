import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { closedFolder } from './cache.mjs'

/**
 * Home of a Java that is at least `version`, and has the program `tool` where one is named. `ES_JAVA_HOME` and
 * `JAVA_HOME` go first, then the `java` on the path, then what lies where JDKs are installed, oldest first.
 */
export function findJava(version, tool = 'java') {
  const found = candidates().find(
    (home) =>
      javaVersion(home) >= version && fs.existsSync(path.join(home, 'bin', tool)) && closedFolder(home) === undefined,
  )
  if (found !== undefined) return found
  throw new Error(
    `no JDK ${version} or newer was found (with bin/${tool}): install one ('apt-get install default-jdk-headless' gives 17 ` +
      'on Debian 12, 21 on Debian 13; there are newer ones at https://adoptium.net) and name its folder in ES_JAVA_HOME',
  )
}

/** Folders where packages, SDKMAN and macOS put JDKs; each JDK is a folder in one of them. */
const PLACES = ['/usr/lib/jvm', '/opt', path.join(os.homedir(), '.sdkman/candidates/java')]
const MAC_PLACE = '/Library/Java/JavaVirtualMachines'

function candidates() {
  const named = [process.env.ES_JAVA_HOME, process.env.JAVA_HOME, homeOnPath()]
  const installed = [
    ...PLACES.flatMap((place) => entries(place)),
    ...entries(MAC_PLACE).map((each) => path.join(each, 'Contents/Home')),
  ].sort((a, b) => javaVersion(a) - javaVersion(b))
  return [...named, ...installed].flatMap((home) => {
    if (!home || !fs.existsSync(path.join(home, 'bin/java'))) return []
    return [fs.realpathSync(home)]
  })
}

function homeOnPath() {
  const names = (process.env.PATH ?? '').split(path.delimiter).map((each) => path.join(each, 'java'))
  const java = names.find((each) => fs.existsSync(each))
  return java === undefined ? undefined : path.dirname(path.dirname(fs.realpathSync(java)))
}

function entries(directory) {
  try {
    return fs.readdirSync(directory).map((name) => path.join(directory, name))
  } catch {
    return []
  }
}

/** Major version, 0 where there is none. A JDK says it in its file `release`; where that is missing, it is asked. */
function javaVersion(home) {
  const release = path.join(home, 'release')
  if (fs.existsSync(release)) return Number(/^JAVA_VERSION="(\d+)/m.exec(fs.readFileSync(release, 'utf8'))?.[1] ?? 0)
  const java = path.join(home, 'bin/java')
  if (!fs.existsSync(java)) return 0
  return Number(/version "(\d+)/.exec(spawnSync(java, ['-version'], { encoding: 'utf8' }).stderr ?? '')?.[1] ?? 0)
}
