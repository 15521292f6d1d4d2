import { spawn } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { assertReachable, isRoot, NOBODY } from '../servers/cache.mjs'
import { guard, release } from '../servers/guard.mjs'
import { findJava } from '../servers/java.mjs'
import { freePorts } from '../servers/ports.mjs'
import { endServer, launcherPidFile, marker, pidFile, serverPid } from '../servers/process.mjs'
import { run } from '../servers/run.mjs'
import { configure } from './configuration.mjs'
import { health } from './health.mjs'
import { PROFILES, prepare } from './layout.mjs'

export { endServer, serverPid } from '../servers/process.mjs'
export { prepare } from './layout.mjs'

const START_TIMEOUT_MS = 300_000

/** See `server.d.mts`. */
export async function startElasticsearch(options = {}) {
  const { profile = '8.19', keep = false } = options
  const directory = ownDirectory(options.dir)
  const running = serverPid(directory)
  if (running !== null) throw new Error(`a server runs on this folder already: ${directory} (process ${running})`)
  const ports = await freePorts(options.port === undefined ? 2 : 1)
  const port = options.port ?? ports[1]
  const settings = { ...options, profile, directory, port, transportPort: ports[0] }
  // Before the server, so that none is left behind where this process ends in the meantime.
  let guardian = keep ? null : guard(directory)
  const end = async (signal) => {
    await endServer(directory, signal)
    await release(guardian)
    guardian = null
  }
  let { pid, credentials } = await boot(settings).catch((error) => {
    guardian?.stdin.end()
    throw error
  })
  return {
    profile,
    dir: directory,
    port,
    url: `${options.secure ? 'https' : 'http'}://127.0.0.1:${port}`,
    ...credentials,
    get pid() {
      return pid
    },
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    async restart(changes = {}) {
      await end('SIGTERM')
      Object.assign(settings, { settings: { ...settings.settings, ...changes } })
      guardian = keep ? null : guard(directory)
      pid = (await boot(settings)).pid
    },
    async remove() {
      await end('SIGKILL')
      fs.rmSync(directory, { recursive: true, force: true })
    },
  }
}

function ownDirectory(wanted) {
  const directory = wanted ?? fs.mkdtempSync(path.join(os.tmpdir(), 'hangup-elasticsearch-'))
  fs.mkdirSync(directory, { recursive: true })
  const real = fs.realpathSync(directory)
  assertReachable(path.dirname(real), 'give startElasticsearch a dir elsewhere, or set TMPDIR')
  return real
}

/** Starts the server and waits until its cluster's health is yellow or green. */
async function boot(settings) {
  const { profile, directory, port } = settings
  const startedMs = Date.now()
  const home = prepare(profile)
  const java = findJava(PROFILES[profile].java)
  fs.rmSync(pidFile(directory), { force: true })
  const credentials = configure({ ...settings, home, java })
  if (isRoot()) run('chown', ['-R', `${NOBODY}:${NOBODY}`, directory])

  const launcher = launch({ directory, home, java })
  const isLate = () => Date.now() - startedMs > START_TIMEOUT_MS
  while (launcher.code === undefined) {
    if (isLate()) return giveUp(directory, 'it takes too long')
    await sleep(50)
  }
  if (launcher.code !== 0) return giveUp(directory, `its launcher ended with ${launcher.code}`)
  while (!(await health(port, credentials))) {
    if (serverPid(directory) === null) return giveUp(directory, 'it has ended')
    if (isLate()) return giveUp(directory, 'it takes too long')
    await sleep(100)
  }
  const { username, password, caFile } = credentials ?? {}
  return { pid: serverPid(directory), credentials: credentials && { username, password, caFile } }
}

/** Elastic's own launcher: starts the server, waits until its node is up, and leaves it to itself (`-d`). */
function launch({ directory, home, java }) {
  const configuration = path.join(directory, 'conf')
  const temporary = path.join(directory, 'tmp')
  const isNew = fs.existsSync(path.join(home, 'lib/tools/server-launcher')) // 9.x
  const main = isNew
    ? ['-cp', `${home}/lib/tools/server-launcher/*`, 'org.elasticsearch.server.launcher.ServerLauncher']
    : ['-cp', `${home}/lib/*:${home}/lib/cli-launcher/*`, 'org.elasticsearch.launcher.CliToolLauncher']
  const properties = {
    'cli.name': 'server',
    'cli.script': path.join(home, 'bin/elasticsearch'),
    'cli.libs': 'lib/tools/server-cli',
    'es.path.home': home,
    'es.path.conf': configuration,
    'es.distribution.type': 'zip',
    'es.java.type': 'ES_JAVA_HOME',
  }
  const output = fs.openSync(path.join(directory, 'launcher.out'), 'w')
  const child = spawn(
    path.join(java, 'bin/java'),
    [
      ...['-Xms4m', '-Xmx64m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'],
      marker(directory),
      ...Object.entries(properties).map(([key, value]) => `-D${key}=${value}`),
      ...main,
      ...['-d', '-p', pidFile(directory)],
    ],
    {
      cwd: home,
      stdio: ['ignore', output, output],
      // Ctrl-C is for the tests; they stop the server.
      detached: true,
      ...(isRoot() && { uid: NOBODY, gid: NOBODY }),
      env: {
        PATH: process.env.PATH,
        LANG: 'C.UTF-8',
        HOME: temporary,
        ES_TMPDIR: temporary,
        ES_HOME: home,
        ES_PATH_CONF: configuration,
        ES_JAVA_HOME: java,
        ES_DISTRIBUTION_TYPE: 'zip',
        JAVA: path.join(java, 'bin/java'),
        JAVA_TYPE: 'ES_JAVA_HOME',
      },
    },
  )
  fs.closeSync(output)
  if (child.pid !== undefined) fs.writeFileSync(launcherPidFile(directory), String(child.pid))
  const state = { code: undefined }
  child.on('exit', (code, signal) => Object.assign(state, { code: code ?? signal }))
  child.on('error', (error) => Object.assign(state, { code: error.message }))
  return state
}

async function giveUp(directory, why) {
  await endServer(directory, 'SIGKILL')
  const logs = [path.join(directory, 'launcher.out'), path.join(directory, 'logs/hangup-test.log')]
  const lines = logs.flatMap((file) => (fs.existsSync(file) ? fs.readFileSync(file, 'utf8').split('\n') : []))
  const telling = lines.filter((line) => /ERROR|fatal|Exception|Caused by/i.test(line) && !/JVM arguments/.test(line))
  throw new Error(
    `Elasticsearch did not start: ${why} (${logs.join(', ')})\n${telling.slice(0, 8).join('\n').slice(0, 3000)}`,
  )
}
