import { parseArgs } from 'node:util'
import { endKafka, prepare, startKafka } from './server.mjs'

const USAGE = `usage: node test/support/kafka/main.mjs
  prepare [4.4|3.9]                                            fetches it and makes it ready
  start [4.4|3.9] --dir DIR [--port N] [--nodes 3] [--secure]  starts it, prints where it is as JSON, and leaves it running
  stop --dir DIR                                               stops it; its data stays in DIR`

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    dir: { type: 'string' },
    port: { type: 'string' },
    nodes: { type: 'string' },
    secure: { type: 'boolean' },
  },
})
const [command, profile = '4.4'] = positionals
const { dir, port, nodes, secure } = values

try {
  if (command === 'prepare') console.log((await prepare(profile)).home)
  else if (command === 'start' && dir) {
    const numbers = { port: port && Number(port), nodes: nodes && Number(nodes) }
    console.log(JSON.stringify(await startKafka({ profile, dir, secure, ...numbers, keep: true })))
  } else if (command === 'stop' && dir) await endKafka(dir, 'SIGTERM')
  else throw new Error(USAGE)
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
}
