import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { ndjson, projectDirectory, Sandbox } from '../../support/cli.js'
import { type ComposeService, readCompose } from '../../support/deploy/compose.js'
import { find, kustomized, toService } from '../../support/deploy/kubernetes.js'
import { type Running, runProcess, statusOf, until } from '../../support/deploy/process.js'
import { onThisMachine, type Service, type Substitutes, startService } from '../../support/deploy/service.js'
import { commandOf, readUnit } from '../../support/deploy/units.js'
import { ask } from '../../support/elasticsearch/cluster.js'
import { type ElasticsearchServer, startElasticsearch } from '../../support/elasticsearch/server.mjs'
import { type KafkaServer, startKafka } from '../../support/kafka/server.mjs'
import { type StandIn, startKibana } from '../../support/kibana/stand-in.js'

/** Every command of compose.yaml, of the manifests and of the units, as processes against a real Kafka and Elasticsearch. */

const sandbox = new Sandbox()
const before = fs.readdirSync(projectDirectory)
const processes: Running[] = []
const ports: Record<string, number> = {}
let kafka: KafkaServer
let elasticsearch: ElasticsearchServer
let kibana: StandIn

beforeAll(async () => {
  for (const name of [
    'target',
    'gateway',
    'agent',
    'consumer-1',
    'consumer-2',
    'k8s-agent',
    'k8s-consumer',
    'unit-agent',
    'unit-consumer',
  ])
    ports[name] = await freePort()
  ;[kafka, elasticsearch, kibana] = await Promise.all([
    startKafka(),
    startElasticsearch({ heapMb: 384 }),
    startKibana(),
  ])
}, 280_000)

afterAll(async () => {
  for (const each of processes) each.signal('SIGKILL')
  await Promise.all(processes.map(({ ended }) => ended))
  await Promise.all([kafka?.remove(), elasticsearch?.remove(), kibana?.close()])
  sandbox.remove()
})

/** What the names and ports of each deployment are here. Mounted folders come on top, out of the deployment itself. */
function substitutesOf(name: string): Record<string, Substitutes[string]> {
  return {
    // compose.yaml
    'kafka:9092': kafka.brokers.join(','),
    'http://elasticsearch:9200': elasticsearch.url,
    'http://kibana:5601': kibana.url,
    'target:8080': `127.0.0.1:${ports.target}`,
    'gateway:8000': `127.0.0.1:${ports.gateway}`,
    '0.0.0.0:9464': `127.0.0.1:${ports[name]}`,
    // deploy/kubernetes
    'kafka.kafka:9092': kafka.brokers.join(','),
    'http://elasticsearch.elastic:9200': elasticsearch.url,
    '10001': String(process.getuid?.()),
    // deploy/systemd
    'kafka-1:9092,kafka-2:9092': kafka.brokers.join(','),
    'https://elasticsearch.example:9200': elasticsearch.url,
    '/usr/bin/node': process.execPath,
    '/opt/hangup': projectDirectory,
    '127.0.0.1:9464': `127.0.0.1:${ports[name]}`,
    '127.0.0.1:9465': `127.0.0.1:${ports[name]}`,
  }
}

function start(service: Service, substitutes: Substitutes): Running {
  const running = startService(service, substitutes)
  processes.push(running)
  return running
}

/** Listening, alive and ready, by the paths that the probes ask. */
async function serves(running: Running, port: number): Promise<void> {
  for (const page of ['livez', 'readyz', 'metrics']) {
    await until(
      `${running.name}: ${page}`,
      async () => (await statusOf(`http://127.0.0.1:${port}/${page}`)) === 200,
      running,
    )
  }
}

async function stopped(running: readonly Running[]): Promise<void> {
  for (const each of running) each.signal('SIGTERM')
  const codes = await Promise.all(running.map(async ({ name, ended }) => [name, (await ended).code]))
  expect(codes).toEqual(running.map(({ name }) => [name, 143]))
}

interface Found {
  readonly hits: { readonly hits: readonly { readonly _id: string; readonly _source: Stored }[] }
}

interface Stored {
  readonly edgemicro: { readonly target: string | null; readonly gateway: string; readonly halves: string }
}

/** The failures of a prefix by their ids. */
async function stored(prefix: string): Promise<Readonly<Record<string, Stored>>> {
  await ask('POST', `/${prefix}-failures*/_refresh`, undefined, elasticsearch)
  const { status, body } = await ask<Found>('GET', `/${prefix}-failures*/_search?size=10000`, undefined, elasticsearch)
  if (status !== 200) return {}
  return Object.fromEntries(body.hits.hits.map(({ _id, _source }) => [_id, _source]))
}

/** Those of a log, by hangup reading the file itself. */
async function failuresOf(logs: string): Promise<readonly string[]> {
  const { stdout } = await sandbox.hangup(['failures', logs], { timeoutMs: 60_000 })
  return ndjson(stdout).map(({ http }) => http.request.id)
}

const volumes = sandbox.path('volumes')
const logs = path.join(volumes, 'gateway-logs')
let expected: readonly string[]

describe('compose.yaml', () => {
  const done = new Set<string>()
  let services: Readonly<Record<string, ComposeService>>

  beforeAll(() => {
    services = readCompose(volumes)
  }, 900_000)

  /** The ports of servers that are told by a number alone. */
  const numbers = (): Readonly<Record<string, Substitutes>> => ({
    target: { '8080': String(ports.target), '0.0.0.0': '127.0.0.1' },
    gateway: { '8000': String(ports.gateway), '0.0.0.0': '127.0.0.1' },
  })

  function substitutes(name: string): Substitutes {
    return { ...substitutesOf(name), ...numbers()[name] }
  }

  /** After those that it waits for; servers are there. */
  function begin(name: string): Running {
    const missing = services[name].needs.filter((each) => !done.has(each))
    expect([name, missing]).toEqual([name, []])
    return start(services[name], substitutes(name))
  }

  async function runOnce(name: string) {
    const running = begin(name)
    const result = await running.ended
    expect({ name, ...result }).toMatchObject({ name, code: 0 })
    done.add(name)
    return result
  }

  async function beginHealthy(name: string, ...more: readonly string[]): Promise<Running> {
    const running = begin(name)
    const { command } = onThisMachine({ ...services[name], command: services[name].health }, substitutes(name))
    const healthy = async () => (await runProcess([...command, ...more], { cwd: projectDirectory })).code === 0
    await until(`${name} is healthy`, healthy, running)
    done.add(name)
    return running
  }

  test('brings up what it names, and failures of the demo are in Elasticsearch with their target', async () => {
    for (const name of ['kafka', 'elasticsearch', 'kibana']) done.add(name)
    await runOnce('key')
    expect(fs.readFileSync(path.join(volumes, 'key/redact.key'), 'utf8')).toMatch(/^[0-9a-f]{64}\n$/)
    await runOnce('key')
    const parameter = (name: string) =>
      services.topic.command.find((each) => each.startsWith(`--${name}=`))?.slice(name.length + 3)
    await kafka.createTopic(String(parameter('topic')), { partitions: Number(parameter('partitions')) })
    done.add('topic')
    const [prepared] = await Promise.all([
      runOnce('setup-elasticsearch'),
      beginHealthy('target').then(() => beginHealthy('gateway')),
    ])
    expect(prepared.stderr).toContain('index template hangup-failures')
    expect((await runOnce('setup-kibana')).stderr).toMatch(/[1-9]\d* new, 0 changed, 0 the same/)

    const running = ['agent', 'consumer-1', 'consumer-2']
    const [agent, ...consumers] = await Promise.all(
      running.map((name) => beginHealthy(name, `http://127.0.0.1:${ports[name]}/livez`)),
    )
    const clients = begin('clients')
    await until('failures with their target', async () => {
      const targets = Object.values(await stored('hangup')).filter(({ edgemicro }) => edgemicro.halves === 'both')
      return (
        new Set(targets.map(({ edgemicro: { target, gateway } }) => `${gateway} ${target}`)).size === 1 &&
        targets.length >= 5
      )
    })
    for (const [i, each] of [agent, ...consumers].entries()) await serves(each, ports[running[i]])
    clients.signal('SIGTERM')
    expect(await clients.ended).toMatchObject({ code: 0 })
    for (const each of processes.filter(({ name }) => name === 'target' || name === 'gateway')) {
      each.signal('SIGTERM')
      expect(await each.ended).toMatchObject({ code: 0 })
    }
    // Those without an id are of no target: the API was not found.
    expected = (await failuresOf(logs)).filter((id) => id !== null)
    expect(expected.length).toBeGreaterThan(4)
    await until('all failures of the log', async () => {
      const ids = new Set(Object.keys(await stored('hangup')))
      return expected.every((id) => ids.has(id))
    })
    const one = Object.values(await stored('hangup')).find(({ edgemicro }) => edgemicro.halves === 'both')
    expect(one?.edgemicro).toMatchObject({ gateway: 'emg-demo-01', target: `127.0.0.1:${ports.target}` })
    await stopped([agent, ...consumers])
  })

  test('runs each of its services', () => {
    const started = new Set([...done, ...processes.map(({ name }) => name)])
    expect(Object.keys(services).filter((name) => !started.has(name))).toEqual([])
  })
})

/** Ships the log of the demo to a topic of its own, and stores it under a prefix of its own. */
async function shipsAndStores(fleet: string, agent: Service, consumer: Service): Promise<void> {
  await kafka.createTopic(`topic-${fleet}`, { partitions: 2 })
  const own = { KAFKA_TOPIC: `topic-${fleet}`, KAFKA_GROUP: fleet, HANGUP_PREFIX: fleet }
  const [shipping, storing] = [agent, consumer].map((service, i) =>
    start(
      { ...service, environment: { ...service.environment, ...own } },
      substitutesOf(`${fleet}-${['agent', 'consumer'][i]}`),
    ),
  )
  await until(
    `all failures of the log under ${fleet}`,
    async () => {
      const ids = new Set(Object.keys(await stored(fleet)))
      return expected.every((id) => ids.has(id))
    },
    storing,
  )
  await serves(shipping, ports[`${fleet}-agent`])
  await serves(storing, ports[`${fleet}-consumer`])
  await stopped([shipping, storing])
}

const key = randomBytes(32).toString('hex')

test('the manifests of Kubernetes run the same, with what is mounted there', async () => {
  const { manifests } = kustomized()
  const context = {
    manifests,
    secrets: { 'hangup-redaction-key/redact.key': key },
    folders: { logs },
    fields: { 'spec.nodeName': 'node-1' },
    directory: sandbox.path('k8s'),
  }
  const daemonSet = find(manifests, 'DaemonSet', 'hangup-agent')
  const deployment = find(manifests, 'Deployment', 'hangup-consumer')
  const init = start(toService(daemonSet, 'own-state', context), substitutesOf('k8s-agent'))
  expect(await init.ended).toMatchObject({ code: 0 })
  await shipsAndStores('k8s', toService(daemonSet, 'hangup', context), toService(deployment, 'hangup', context))
  for (const { spec } of [daemonSet, deployment]) {
    const { startupProbe, livenessProbe, readinessProbe } = spec.template.spec.containers[0]
    const pages = [startupProbe, livenessProbe, readinessProbe].map(({ httpGet }) => httpGet.path)
    expect(pages).toEqual(['/livez', '/livez', '/readyz'])
  }
})

test('the units of systemd run the same, with what their environment files say', async () => {
  const specifiers = { S: sandbox.path('unit'), d: sandbox.path('unit/credentials'), i: 'kafka-to-elasticsearch' }
  sandbox.write('unit/credentials/redact.key', `${key}\n`)
  const services = [
    ['hangup-agent.service', 'agent.env.example'],
    ['hangup@.service', 'kafka-to-elasticsearch.env.example'],
  ].map(([name, file]) => {
    const unit = readUnit(name)
    const [folder] = unit.Service.StateDirectory.map((each) => each.replace('%i', specifiers.i))
    fs.mkdirSync(path.join(specifiers.S, folder), { recursive: true })
    return { name, ...commandOf(unit, file, specifiers), mounts: { '/var/tmp': logs } }
  })
  await shipsAndStores('unit', services[0], services[1])
})

test('nothing was written into the folder that they ran in', () => {
  expect(fs.readdirSync(projectDirectory)).toEqual(before)
})

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as net.AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
