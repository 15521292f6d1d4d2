import { createHash } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { kept } from '../servers/layout.mjs'
import { maven } from '../servers/run.mjs'

const POM = fileURLToPath(new URL('maven/pom.xml', import.meta.url))

/** The oldest Java that each server runs on. */
export const JAVA = 17

/** The servers that there are: the newest of each line. */
export const PROFILES = { 4.4: '4.4.0', 3.9: '3.9.2' }

/** Home folder of the server of `profile`, its jars; of Maven Central at the first call, and kept in the cache. */
export function layOut(profile) {
  const version = PROFILES[profile]
  if (version === undefined) throw new Error(`no such Kafka: ${profile} (${Object.keys(PROFILES).join(', ')})`)
  const recipe = createHash('sha256')
  for (const file of [POM, fileURLToPath(import.meta.url)]) recipe.update(fs.readFileSync(file))
  return kept(`kafka-${profile}-${recipe.digest('hex').slice(0, 12)}`, (work) => {
    const home = path.join(work, 'home')
    maven(POM, { out: home, 'server.version': version })
    return home
  })
}
