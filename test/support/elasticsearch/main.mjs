import fs from 'node:fs'
import { parseArgs } from 'node:util'
import { findJava } from '../servers/java.mjs'
import { endServer, prepare, startElasticsearch } from './server.mjs'

const USAGE = `usage: node test/support/elasticsearch/main.mjs
  java VERSION [PROGRAM]                             finds a Java of that version or newer, with PROGRAM in its bin/
  prepare [8.19|9.4]                                 fetches it and puts it together
  start [8.19|9.4] --dir DIR [--port N] [--secure]   starts it, prints where it is as JSON, and leaves it running
  stop --dir DIR                                     stops it; its data stays in DIR`

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { dir: { type: 'string' }, port: { type: 'string' }, secure: { type: 'boolean' } },
})
const [command, first = '8.19', second] = positionals
const { dir, port, secure } = values

try {
  if (command === 'java') console.log(findJava(Number(first), second))
  else if (command === 'prepare') console.log(prepare(first))
  else if (command === 'start' && dir) {
    const server = await startElasticsearch({ profile: first, dir, port: port && Number(port), secure, keep: true })
    console.log(JSON.stringify(server))
  } else if (command === 'stop' && dir) await endServer(fs.realpathSync(dir), 'SIGTERM')
  else throw new Error(USAGE)
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
}
