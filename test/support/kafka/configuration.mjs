import fs from 'node:fs'
import path from 'node:path'

export const nodeDirectory = (directory, node) => path.join(directory, `node${node}`)

export const propertiesFile = (directory, node) => path.join(nodeDirectory(directory, node), 'server.properties')

/** Writes the configuration of one node of a cluster: broker and controller in one. */
export function configure(cluster, node) {
  const { directory, ports, login, settings } = cluster
  const own = ports[node - 1]
  const nodes = ports.map((_, index) => index + 1)
  const clients = { PLAINTEXT: own.plaintext, ...(login && { SASL_SSL: own.sasl, SSL: own.ssl }) }
  const all = {
    'process.roles': 'broker,controller',
    'node.id': node,
    listeners: addresses({ ...clients, CONTROLLER: own.controller }),
    'advertised.listeners': addresses(clients),
    'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL,SSL:SSL',
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    'controller.quorum.voters': nodes.map((id) => `${id}@127.0.0.1:${ports[id - 1].controller}`).join(','),
    'log.dirs': path.join(nodeDirectory(directory, node), 'data'),
    ...replication(cluster),
    // A node that was killed is missed, and may come back, after this time: 9 s by default.
    'broker.session.timeout.ms': ports.length === 1 ? 3000 : 6000,
    'broker.heartbeat.interval.ms': ports.length === 1 ? 500 : 1000,
    ...SMALL,
    ...(login && secureSettings(login)),
    ...settings,
  }
  const lines = Object.entries(all).map(([key, value]) => `${key}=${value}\n`)
  fs.writeFileSync(propertiesFile(directory, node), lines.join(''), { mode: 0o600 })
}

const addresses = (listeners) =>
  Object.entries(listeners)
    .map(([name, port]) => `${name}://127.0.0.1:${port}`)
    .join(',')

/** Of topics that name none, and of the server's own. Three nodes keep what they acknowledged when one is lost. */
function replication({ ports, profile }) {
  const factor = ports.length
  const inSync = factor === 1 ? 1 : 2
  const own = ['transaction.state.log', ...(profile === '3.9' ? [] : ['share.coordinator.state.topic'])]
  return {
    'default.replication.factor': factor,
    'min.insync.replicas': inSync,
    'offsets.topic.replication.factor': factor,
    ...Object.fromEntries(
      own.flatMap((name) => [
        [`${name}.replication.factor`, factor],
        [`${name}.min.isr`, inSync],
        [`${name}.num.partitions`, 5],
      ]),
    ),
  }
}

/** Less to make and to wait for than a server of production has. */
const SMALL = {
  'offsets.topic.num.partitions': 5,
  'group.initial.rebalance.delay.ms': 0,
  'auto.create.topics.enable': false,
  'num.network.threads': 2,
  'num.io.threads': 2,
  'num.recovery.threads.per.data.dir': 2,
  'log.cleaner.dedupe.buffer.size': 16 * 1024 * 1024, // 128 MiB by default: the half of our heap.
}

function secureSettings({ username, password, brokerStore, caFile }) {
  const plain = `org.apache.kafka.common.security.plain.PlainLoginModule required user_${username}="${password}";`
  const scram = 'org.apache.kafka.common.security.scram.ScramLoginModule required;'
  return {
    'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
    'listener.name.sasl_ssl.plain.sasl.jaas.config': plain,
    'listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config': scram,
    'listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config': scram,
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': brokerStore,
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': caFile,
    'listener.name.ssl.ssl.client.auth': 'required',
  }
}
