import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { guard, release } from '../servers/guard.mjs'
import { freePorts } from '../servers/ports.mjs'
import { endServer, serverPid } from '../servers/process.mjs'
import { nodeDirectory } from './configuration.mjs'
import { credentials } from './credentials.mjs'
import { prepareNode, startNode } from './node.mjs'

/** A cluster of `directory` that does not run yet: the one that was made there before, with its ports, or a new one. */
export async function newCluster(directory, options) {
  const { nodes, secure, port, settings = {}, heapMb = 256, c1 = true, keep = false, ...distribution } = options
  const file = path.join(directory, 'cluster.json')
  if (!fs.existsSync(file)) {
    const made = { id: identifier(), secure: secure ?? false, ports: await choosePorts(nodes ?? 1, port) }
    fs.writeFileSync(file, JSON.stringify(made))
  }
  const kept = JSON.parse(fs.readFileSync(file, 'utf8'))
  if ((nodes ?? kept.ports.length) !== kept.ports.length || (secure ?? kept.secure) !== kept.secure) {
    throw new Error(
      `another kind of cluster was made in ${directory}: ${kept.ports.length} nodes, secure ${kept.secure}`,
    )
  }
  const login = kept.secure ? credentials(directory) : null
  return { ...distribution, ...kept, directory, login, settings, heapMb, c1, keep, guardian: null }
}

/** As Kafka has them: 16 bytes, and no `-` in front, which would be an option of its tools. */
function identifier() {
  const id = randomBytes(16).toString('base64url')
  return id.startsWith('-') ? identifier() : id
}

async function choosePorts(nodes, first) {
  const ports = await freePorts(4 * nodes)
  return Array.from({ length: nodes }, (_, index) => ({
    plaintext: first === undefined ? ports.pop() : first + index,
    controller: ports.pop(),
    sasl: ports.pop(),
    ssl: ports.pop(),
  }))
}

/** The numbers of all nodes of a cluster. */
export const nodesOf = ({ ports }) => ports.map((_, index) => index + 1)

export const pidOf = ({ directory }, node) => serverPid(nodeDirectory(directory, node))

/** Starts nodes and waits until all of them serve; ends them all where one does not start. */
export async function bootCluster(cluster, nodes) {
  // Before the servers, so that none is left behind where this process ends in the meantime.
  if (!cluster.keep)
    cluster.guardian ??= guard(...nodesOf(cluster).map((node) => nodeDirectory(cluster.directory, node)))
  const steps = []
  try {
    for (const step of [prepareNode, startNode]) {
      steps.push(...nodes.map((node) => step(cluster, node)))
      await Promise.all(steps)
    }
  } catch (error) {
    await endCluster(cluster, nodes, 'SIGKILL')
    await Promise.allSettled(steps)
    throw error
  }
}

/** Ends nodes and waits until they are gone. */
export async function endCluster(cluster, nodes, signal) {
  // A node that is paused hears nothing but SIGKILL.
  if (signal !== 'SIGKILL') signalNodes(cluster, nodes, 'SIGCONT')
  await Promise.all(nodes.map((node) => endServer(nodeDirectory(cluster.directory, node), signal)))
  if (nodesOf(cluster).some((node) => pidOf(cluster, node) !== null)) return
  const { guardian } = cluster
  cluster.guardian = null
  await release(guardian)
}

/** Sends a signal to those of the nodes that run. */
export function signalNodes(cluster, nodes, signal) {
  for (const node of nodes) {
    const pid = pidOf(cluster, node)
    if (pid !== null) process.kill(pid, signal)
  }
}

/** Resolves once those of the nodes that run stand still: a signal is not there at once where much else runs. */
export async function stopNodes(cluster, nodes) {
  signalNodes(cluster, nodes, 'SIGSTOP')
  const pids = nodes.map((node) => pidOf(cluster, node)).filter((pid) => pid !== null)
  while (!pids.every(standsStill)) await sleep(5)
}

function standsStill(pid) {
  const threads = fs.readdirSync(`/proc/${pid}/task`)
  return threads.every((thread) => {
    try {
      return /\) [Tt] /.test(fs.readFileSync(`/proc/${pid}/task/${thread}/stat`, 'latin1'))
    } catch {
      return true
    }
  })
}
