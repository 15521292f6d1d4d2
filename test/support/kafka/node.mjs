import { spawn } from 'node:child_process'
import fs from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { launcherPidFile, marker, pidFile } from '../servers/process.mjs'
import { configure, nodeDirectory, propertiesFile } from './configuration.mjs'

const START_TIMEOUT_MS = 180_000

/** Configures one node of a cluster and makes its storage where it has none. */
export async function prepareNode(cluster, node) {
  const directory = nodeDirectory(cluster.directory, node)
  fs.mkdirSync(directory, { recursive: true })
  configure(cluster, node)
  if (!fs.existsSync(path.join(directory, 'data/meta.properties'))) await format(cluster, node)
}

/** Starts a node that is prepared, and waits until it serves. Of several nodes each waits for the most of them. */
export async function startNode(cluster, node) {
  const directory = nodeDirectory(cluster.directory, node)
  const startedMs = Date.now()
  const log = path.join(directory, 'server.log')
  const from = fs.existsSync(log) ? fs.statSync(log).size : 0
  const server = java(cluster, node, ['kafka.Kafka', propertiesFile(cluster.directory, node)], log)
  if (server.pid !== undefined) fs.writeFileSync(pidFile(directory), String(server.pid))
  while (!(isStarted(log, from) && (await accepts(cluster.ports[node - 1].plaintext)))) {
    if (server.code !== undefined) throw failure(node, `it ended with ${server.code}`, log, from)
    if (Date.now() - startedMs > START_TIMEOUT_MS) throw failure(node, 'it takes too long', log, from)
    await sleep(25)
  }
}

/** Kafka's own tool; SCRAM users are made here or never: none could log in to make them. */
async function format(cluster, node) {
  const directory = nodeDirectory(cluster.directory, node)
  const { username, password } = cluster.login ?? {}
  const users = cluster.login === null ? [] : ['SCRAM-SHA-256', 'SCRAM-SHA-512']
  const log = path.join(directory, 'format.log')
  const tool = java(
    cluster,
    node,
    [
      ...['kafka.tools.StorageTool', 'format', '--cluster-id', cluster.id],
      ...['--config', propertiesFile(cluster.directory, node)],
      ...users.flatMap((mechanism) => ['--add-scram', `${mechanism}=[name=${username},password=${password}]`]),
    ],
    log,
  )
  if (tool.pid !== undefined) fs.writeFileSync(launcherPidFile(directory), String(tool.pid))
  while (tool.code === undefined) await sleep(10)
  if (tool.code !== 0) throw failure(node, `its storage was not made (${tool.code})`, log, 0)
}

/** A Java program of the server's jars, whose command line names the folder of the node. */
function java(cluster, node, program, log) {
  const { home, java, heapMb, c1 } = cluster
  const isServer = program[0] === 'kafka.Kafka'
  const output = fs.openSync(log, 'a')
  const child = spawn(
    path.join(java, 'bin/java'),
    [
      `-Xmx${heapMb}m`,
      '-XX:+UseSerialGC',
      ...(c1 || !isServer ? ['-XX:TieredStopAtLevel=1'] : []),
      ...archiveOptions(cluster, isServer),
      marker(nodeDirectory(cluster.directory, node)),
      '-Djava.awt.headless=true',
      '-Dorg.slf4j.simpleLogger.showDateTime=true',
      '-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS',
      ...['-cp', path.join(home, 'jars/*')],
      ...program,
    ],
    // Ctrl-C is for the tests; they stop the server.
    { cwd: nodeDirectory(cluster.directory, node), stdio: ['ignore', output, output], detached: true },
  )
  fs.closeSync(output)
  child.unref()
  const state = { pid: child.pid, code: undefined }
  child.on('exit', (code, signal) => Object.assign(state, { code: code ?? signal }))
  child.on('error', (error) => Object.assign(state, { code: error.message }))
  return state
}

/** Of the archive of loaded classes: it is read, or written where there is none yet. Java ignores one that does not fit. */
function archiveOptions({ archive, isTraining }, isServer) {
  if (!isTraining) return ['-Xshare:auto', `-XX:SharedArchiveFile=${archive}`]
  return isServer ? [`-XX:ArchiveClassesAtExit=${archive}`] : []
}

const since = (log, from) => fs.readFileSync(log).subarray(from).toString()

const isStarted = (log, from) => since(log, from).includes('Kafka Server started')

function accepts(port) {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1')
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false))
    socket.on('connect', () => socket.destroy())
  })
}

function failure(node, why, log, from) {
  const lines = since(log, from).split('\n')
  const telling = lines.filter((line) => /ERROR|FATAL|Exception|Caused by|Error:/.test(line))
  const shown = (telling.length > 0 ? telling : lines).slice(0, 8).join('\n').slice(0, 3000)
  return new Error(`Kafka's node ${node} did not start: ${why} (${log})\n${shown}`)
}
