/**
 * node readline.mjs P|J LOG: what a Node programmer would write first: readline and one regular expression. For J the
 * level is looked for before the expression runs.
 */
import fs from 'node:fs'
import readline from 'node:readline'

const EVENT =
  /^(\S+) \[([a-z_]+)\]\[(.*?)\]\[(\d+)\]\[([^\]]*)\]\[([^\]]*)\]\[(.*?)\]\[((?:\d{1,3}\.){3}\d{1,3}|)\]\[(.*)\]\[([0-9a-f-]{36}|)\]\[(plugins-middleware|microgateway-core)\]\[([^\]]*)\]\[([A-Z]*)\]\[(\d*)\]\[(.*?)\]\[([A-Z_]*)\]\[(\d*)\]$/

const FIELDS = [
  ...['timestamp', 'level', 'host', 'pid', 'org', 'env', 'url', 'clientIp', 'clientId', 'correlationId'],
  ...['component', 'message', 'method', 'status', 'errorMessage', 'errorCode', 'timeTakenMs'],
]

const FLUSH_CHARACTERS = 1 << 16

const [job, file] = process.argv.slice(2)
const targetHalves = new Map()
let output = ''

for await (const line of readline.createInterface({ input: fs.createReadStream(file), crlfDelay: Infinity })) {
  if (job === 'J' && !line.startsWith(' [warn][', 24) && !line.startsWith(' [error][', 24)) continue
  const match = EVENT.exec(line)
  if (match === null) continue
  if (job === 'P') write(JSON.stringify(Object.fromEntries(FIELDS.map((name, index) => [name, match[index + 1]]))))
  else join(match)
}
process.stdout.write(output)

function join(match) {
  const [, timestamp, , host, , , , url, , , correlationId, component, message, method, status] = match
  const [errorMessage, errorCode, timeTakenMs] = match.slice(15)
  if (component === 'plugins-middleware') {
    if (message === 'targetRequest error') targetHalves.set(correlationId, { target: host, errorCode, timeTakenMs })
    return
  }
  const half = targetHalves.get(correlationId)
  if (half === undefined) return
  targetHalves.delete(correlationId)
  const { target, errorCode: targetCode, timeTakenMs: tookMs } = half
  const failure = {
    timestamp,
    correlationId,
    target,
    host,
    url,
    method,
    status,
    errorMessage,
    code: errorCode,
    targetCode,
  }
  write(JSON.stringify({ ...failure, timeTakenMs: timeTakenMs || tookMs }))
}

function write(text) {
  output += `${text}\n`
  if (output.length < FLUSH_CHARACTERS) return
  fs.writeSync(1, output)
  output = ''
}
