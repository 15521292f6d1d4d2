import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { prepare } from './archive.mjs'
import { bootCluster, endCluster, newCluster, nodesOf, pidOf, signalNodes, stopNodes } from './cluster.mjs'
import { groupsServe, topicsOf } from './topics.mjs'

export { prepare } from './archive.mjs'

/** See `server.d.mts`. */
export async function startKafka(options = {}) {
  const { profile = '4.4', dir, ...rest } = options
  const directory = ownDirectory(dir)
  const cluster = await newCluster(directory, { ...rest, ...(await prepare(profile)) })
  const running = nodesOf(cluster).find((node) => pidOf(cluster, node) !== null)
  if (running !== undefined) {
    throw new Error(`a server runs on this folder already: ${directory} (process ${pidOf(cluster, running)})`)
  }
  const brokers = addresses(cluster, 'plaintext')
  const boot = async (nodes) => {
    await bootCluster(cluster, nodes)
    await groupsServe(brokers)
  }
  await boot(nodesOf(cluster))

  const chosen = (node) => (node === undefined ? nodesOf(cluster) : [existing(cluster, node)])
  return {
    profile,
    dir: directory,
    brokers,
    ...secureParts(cluster),
    pid: (node = 1) => pidOf(cluster, existing(cluster, node)),
    stop: (node) => endCluster(cluster, chosen(node), 'SIGTERM'),
    kill: (node) => endCluster(cluster, chosen(node), 'SIGKILL'),
    async restart(node) {
      await endCluster(cluster, chosen(node), 'SIGTERM')
      await boot(chosen(node))
    },
    async pause(node) {
      await stopNodes(cluster, chosen(node))
    },
    async resume(node) {
      signalNodes(cluster, chosen(node), 'SIGCONT')
    },
    async remove() {
      await endCluster(cluster, nodesOf(cluster), 'SIGKILL')
      fs.rmSync(directory, { recursive: true, force: true })
    },
    ...topicsOf(brokers),
  }
}

/** See `server.d.mts`. */
export async function endKafka(directory, signal) {
  const { ports } = JSON.parse(fs.readFileSync(path.join(directory, 'cluster.json'), 'utf8'))
  const cluster = { directory: fs.realpathSync(directory), ports, guardian: null }
  await endCluster(cluster, nodesOf(cluster), signal)
}

/** See `server.d.mts`. */
export const nodePid = (directory, node = 1) => pidOf({ directory: fs.realpathSync(directory) }, node)

function ownDirectory(wanted) {
  const directory = wanted ?? fs.mkdtempSync(path.join(os.tmpdir(), 'hangup-kafka-'))
  fs.mkdirSync(directory, { recursive: true })
  return fs.realpathSync(directory)
}

function existing(cluster, node) {
  if (nodesOf(cluster).includes(node)) return node
  throw new Error(`no such node: ${node} (${nodesOf(cluster).join(', ')})`)
}

const addresses = ({ ports }, listener) => ports.map((each) => `127.0.0.1:${each[listener]}`)

function secureParts(cluster) {
  if (cluster.login === null) return {}
  const { username, password, caFile, clientCertFile, clientKeyFile } = cluster.login
  return {
    secureBrokers: addresses(cluster, 'sasl'),
    sslBrokers: addresses(cluster, 'ssl'),
    ...{ username, password, caFile, clientCertFile, clientKeyFile },
  }
}
