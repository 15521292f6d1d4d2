import { createHash } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { cacheDirectory } from '../servers/cache.mjs'
import { findJava } from '../servers/java.mjs'
import { bootCluster, endCluster, newCluster } from './cluster.mjs'
import { JAVA, layOut } from './layout.mjs'
import { topicsOf } from './topics.mjs'

/**
 * What a server of `profile` is started with: its home folder, Java, and an archive of the classes that it loads, by
 * which a start costs a third. All is made at the first call and kept in the cache.
 */
export async function prepare(profile) {
  const home = layOut(profile)
  const java = findJava(JAVA)
  const archive = path.join(home, `classes-${fingerprint(java)}.jsa`)
  if (!fs.existsSync(archive)) await train({ profile, home, java }, archive)
  return { profile, home, java, archive }
}

/** An archive serves the very Java that has written it. */
function fingerprint(java) {
  const { mtimeMs, size } = fs.statSync(path.join(java, 'lib/modules'))
  return createHash('sha256').update(`${java} ${mtimeMs} ${size}`).digest('hex').slice(0, 12)
}

/** Java writes the archive when a server ends that has loaded the classes. */
async function train(distribution, archive) {
  const directory = fs.mkdtempSync(path.join(cacheDirectory(), 'preparing-'))
  try {
    const made = path.join(directory, 'classes.jsa')
    const options = { ...distribution, archive: made, isTraining: true, secure: true }
    const cluster = await newCluster(directory, options)
    await bootCluster(cluster, [1])
    await topicsOf([`127.0.0.1:${cluster.ports[0].plaintext}`]).createTopic('training')
    await endCluster(cluster, [1], 'SIGTERM')
    // Where none was written, servers start slower, and the next one tries again.
    if (fs.existsSync(made)) fs.renameSync(made, archive)
  } finally {
    fs.rmSync(directory, { recursive: true, force: true })
  }
}
