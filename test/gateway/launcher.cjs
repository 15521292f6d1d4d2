/**
 * Does what `edgemicro start` does once its configuration is downloaded: a master that writes the log, and workers in a cluster, each one with
 * microgateway-core and the plugins of the sequence (microgateway: `cli/lib/reload-cluster.js`, `lib/agent-config.js`,
 * `lib/plugins.js`). The downloaded configuration is a file (`ORG-ENV-cache-config.yaml`); nothing of Apigee is asked.
 *
 * `node launcher.cjs OPTIONS` with OPTIONS as JSON: {core, configuration, workers, org, env, plugins}. Tells its parent {port} when all workers
 * listen; at `stop` it ends when all that was logged is written.
 */
const cluster = require('node:cluster')
const { randomUUID } = require('node:crypto')
const fs = require('node:fs')
const path = require('node:path')
const configService = require('microgateway-config')

const options = JSON.parse(process.argv[2])
const core = require(options.core)
const config = configService.load({ source: options.configuration })

if (cluster.isPrimary) runMaster()
else runWorker()

function runMaster() {
  const drained = countWrites()
  config.uid = randomUUID()
  core.Logging.init(config, { org: options.org, env: options.env })
  let listening = 0
  let running = options.workers
  for (let index = 0; index < options.workers; index++) {
    const worker = cluster.fork()
    worker.on('message', (message) => {
      if (message.msg !== undefined) core.Logging.getLogger().writeLogRecord(message)
      else if (message.port !== undefined && ++listening === options.workers) process.send({ port: message.port })
    })
    worker.on('disconnect', () => {
      running--
      if (running === 0) drained(() => process.exit(0))
    })
  }
  process.on('message', () => {
    for (const worker of Object.values(cluster.workers)) worker.send('stop')
  })
  process.on('disconnect', () => process.exit(1))
}

/** A function that calls back when no write is under way: the logger itself tells nobody. */
function countWrites() {
  const { write } = fs
  let underWay = 0
  fs.write = (...parameters) => {
    const done = parameters.pop()
    underWay++
    return write(...parameters, (...results) => {
      done(...results)
      // The logger begins its next write in the next tick.
      setImmediate(() => underWay--)
    })
  }
  return function drained(callback) {
    setImmediate(() => (underWay === 0 ? callback() : drained(callback)))
  }
}

function runWorker() {
  const gateway = core(config)
  for (const name of config.edgemicro.plugins?.sequence ?? []) {
    const plugin = require(path.join(options.plugins, name))
    gateway.addPlugin(name, plugin.init.bind(plugin))
  }
  gateway.start((error, server) => {
    if (error) throw error
    process.send({ port: server.address().port })
  })
  process.on('message', () => process.send({ stopped: true }, () => process.exit(0)))
  process.on('disconnect', () => process.exit(1))
}
