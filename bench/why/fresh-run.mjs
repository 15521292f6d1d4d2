#!/usr/bin/env node
import { fork } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import http from 'node:http'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { stringify } from 'yaml'
import { startTarget } from './fresh-target.mjs'

const HELP = `usage: node bench/why/fresh-run.mjs --out DIR [options]
  --out DIR          where the log and truth.json go; made, and must not exist
  --core 3.3.7|3.1.6 version of microgateway-core                          (3.3.7)
  --seconds N        how long requests are sent                            (600)
  --idle MS,MS,…     idle timeouts, a target for each                      (700,2500,7000)
  --premature SHARE  share of requests that the target closes by intent    (0.02)
  --way MS           longest way of a target's close to the gateway        (20)
  --workers N        workers of the gateway                                (2)
  --burn N           processes that keep the machine busy meanwhile        (0)
  --seed N           of the traffic                                        (1)

Runs the real gateway (npm ci --prefix test/gateway) before targets that close idle connections, and writes what bench/why.mjs reads:
logs that nothing was tuned to.`

const { values: options } = parseArgs({
  options: {
    out: { type: 'string' },
    core: { type: 'string', default: '3.3.7' },
    seconds: { type: 'string', default: '600' },
    idle: { type: 'string', default: '700,2500,7000' },
    premature: { type: 'string', default: '0.02' },
    way: { type: 'string', default: '20' },
    workers: { type: 'string', default: '2' },
    burn: { type: 'string', default: '0' },
    seed: { type: 'string', default: '1' },
    help: { type: 'boolean', default: false },
  },
})

const CORES = { '3.3.7': 'microgateway-core', '3.1.6': 'microgateway-core-3.1' }
const GATEWAY = path.join(import.meta.dirname, '..', '..', 'test', 'gateway')

/** Numbers in [0, 1), the same for the same seed (mulberry32). */
function randomOf(seed) {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

async function run() {
  const directory = path.resolve(options.out)
  fs.mkdirSync(directory)
  const random = randomOf(Number(options.seed))
  const wayMs = () => random() * Number(options.way)
  const targets = []
  for (const idleMs of options.idle.split(',').map(Number))
    targets.push({ idleMs, ...(await startTarget({ idleMs, wayMs })) })
  const apis = targets.flatMap((target, index) =>
    ['steady', 'paced', 'busy'].map((pace) => ({ pace, target, basePath: `/v${index + 1}/${pace}` })),
  )
  const gateway = await startGateway(apis, directory)
  const burners = Array.from({ length: Number(options.burn) }, () => fork(path.join(import.meta.dirname, 'burn.mjs')))
  const sent = []
  const endMs = performance.now() + Number(options.seconds) * 1000
  await Promise.all(apis.map((api) => sendUntil(endMs, { ...api, gateway, random, sent })))
  await wait(2000)
  for (const each of burners) each.kill()
  await gateway.stop()
  for (const target of targets) target.close()
  writeTruth(directory, { targets, sent })
}

async function startGateway(apis, directory) {
  const configuration = path.join(directory, 'acme-test-cache-config.yaml')
  fs.writeFileSync(configuration, stringify(configurationOf(apis, directory)))
  const launch = {
    core: CORES[options.core],
    configuration,
    workers: Number(options.workers),
    org: 'acme',
    env: 'test',
  }
  const child = fork(path.join(GATEWAY, 'launcher.cjs'), [JSON.stringify(launch)], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const exited = once(child, 'exit')
  const [{ port }] = await once(child, 'message')
  const stop = async () => {
    child.send('stop')
    await exited
  }
  return { port, stop }
}

function configurationOf(apis, directory) {
  return {
    edgemicro: {
      port: 0,
      max_connections: 1000,
      logging: { level: 'info', dir: directory, stats_log_interval: 60, rotate_interval: 24 },
      plugins: { sequence: [] },
    },
    headers: { 'x-forwarded-for': true, 'x-request-id': true, via: true, host: true },
    analytics: { uri: 'http://127.0.0.1:9', key: 'key', secret: 'secret' },
    proxies: apis.map(({ basePath, target }, index) => ({
      max_connections: 1000,
      name: `edgemicro_${index}`,
      revision: '1',
      proxy_name: 'default',
      base_path: basePath,
      target_name: 'default',
      url: `http://${target.name}${basePath}`,
    })),
  }
}

/**
 * Sends to one API, at its pace. Requests of `paced` come when connections have been idle for about the timeout, those of `steady` at
 * any time about it, those of `busy` a few at a time.
 */
async function sendUntil(endMs, { pace, target, basePath, gateway, random, sent }) {
  const workers = Number(options.workers)
  const exponential = (meanMs) => -Math.log(1 - random()) * meanMs
  const gapMs = {
    steady: () => exponential(target.idleMs / workers),
    paced: () => (target.idleMs * (0.96 + 0.09 * random())) / workers,
    busy: () => exponential(200),
  }[pace]
  for (let count = 0; performance.now() < endMs; ) {
    const burst = pace === 'busy' ? 1 + Math.floor(random() * 4) : 1
    for (let one = 0; one < burst; one++) {
      const path = `${basePath}/${count++}`
      const isCut = random() < Number(options.premature)
      const headers = {
        ...(isCut && { 'x-act': random() < 0.8 ? 'close' : 'reset' }),
        'x-after': String(Math.floor(exponential(15))),
      }
      sent.push(request(gateway.port, path, headers).then((status) => ({ path, target, status })))
    }
    await wait(gapMs())
  }
}

function request(port, url, headers) {
  return new Promise((resolve) => {
    const sent = http.request({ port, path: url, agent: false, headers, timeout: 30_000 }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode))
    })
    sent.on('timeout', () => sent.destroy()).on('error', () => resolve(null))
    sent.end()
  })
}

/** The log tells which correlation id a path had; what became of it, target and client tell. */
async function writeTruth(directory, { targets, sent }) {
  const ids = new Map()
  for (const name of fs.readdirSync(directory).filter((each) => each.endsWith('.log'))) {
    for (const line of fs.readFileSync(path.join(directory, name), 'utf8').split('\n')) {
      const [, url, id] = /\]\[(v\d+\/[a-z]+\/\d+)\]\[[^\]]*\]\[[^\]]*\]\[([0-9a-f-]{36})\]/.exec(line) ?? []
      if (id !== undefined) ids.set(`/${url}`, id)
    }
  }
  const requests = (await Promise.all(sent)).map(({ path: name, target, status }) => {
    const became = target.seen.get(name)
    const cause =
      status === 200
        ? 'none'
        : became === 'closed'
          ? 'premature_close'
          : became === undefined
            ? 'keepalive_race'
            : 'unclassified'
    return {
      correlation_id: ids.get(name) ?? null,
      cause: status === null ? 'client_gave_up' : cause,
      target: target.name,
      url: name,
    }
  })
  const truth = {
    run: path.basename(directory),
    seed: Number(options.seed),
    gateway: {
      core: `microgateway-core ${options.core}`,
      node: process.version,
      level: 'info',
      workers: Number(options.workers),
    },
    targets: targets.map(({ name, idleMs }) => ({ hostport: name, keepalive_idle_timeout_ms: idleMs })),
    requests,
  }
  fs.writeFileSync(path.join(directory, 'truth.json'), JSON.stringify(truth))
  const counts = new Map()
  for (const { cause } of requests) counts.set(cause, (counts.get(cause) ?? 0) + 1)
  for (const [cause, count] of counts) process.stdout.write(`${cause}: ${count}\n`)
}

if (options.help || options.out === undefined) process.stdout.write(`${HELP}\n`)
else await run()
