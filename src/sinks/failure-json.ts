import type { FailureDocument } from '../records.js'
import { constant, type JsonBytes } from './json-bytes.js'

/**
 * Writes a failure document as a line of JSON: what `JSON.stringify` gives, less the halves that only stores need. Written out
 * because hundreds of thousands are printed in a second: telling the fields' names anew each time costs the most, and then
 * the strings in between.
 */
export function writeFailure(out: JsonBytes, document: FailureDocument): void {
  const { event, http, url, error, server, client, edgemicro, log } = document
  out.member(TIME, document['@timestamp'])
  out.member(DURATION, event.duration)
  out.member(ID, http.request.id)
  out.known(METHOD, http.request.method)
  out.member(STATUS, http.response.status_code)
  out.member(PATH, url.path)
  if (url.query !== undefined) out.member(QUERY, url.query)
  out.known(CODE, error.code)
  out.known(MESSAGE, error.message)
  out.known(ADDRESS, server.address)
  out.member(PORT, server.port)
  out.member(CLIENT_IP, client.ip)
  out.known(TARGET, edgemicro.target)
  out.known(TARGET_SOURCE, edgemicro.target_source)
  out.known(PROXY, edgemicro.proxy)
  out.known(ORG, edgemicro.org)
  out.known(ENV, edgemicro.env)
  out.known(GATEWAY, edgemicro.gateway)
  out.known(WORKER, edgemicro.worker)
  out.known(HALVES, edgemicro.halves)
  out.known(PHASE, edgemicro.phase)
  out.known(CAUSE, edgemicro.cause)
  out.member(CONFIDENCE, edgemicro.confidence)
  out.raw(EVIDENCE)
  writeNumbers(out, edgemicro.evidence)
  out.known(CLIENT_KEY, edgemicro.client_key)
  out.known(LEVEL, log.level)
  out.known(FILE, log.file.path)
  out.member(OFFSET, log.offset)
  out.raw(END)
}

const TIME = constant('{"@timestamp":')
const DURATION = constant(
  ',"event":{"kind":"event","category":["web"],"type":["error"],"outcome":"failure","dataset":"edgemicro.failure","duration":',
)
const ID = constant('},"http":{"request":{"id":')
const METHOD = constant(',"method":')
const STATUS = constant('},"response":{"status_code":')
const PATH = constant('}},"url":{"path":')
const QUERY = constant(',"query":')
const CODE = constant('},"error":{"code":')
const MESSAGE = constant(',"message":')
const ADDRESS = constant('},"server":{"address":')
const PORT = constant(',"port":')
const CLIENT_IP = constant('},"client":{"ip":')
const TARGET = constant('},"edgemicro":{"target":')
const TARGET_SOURCE = constant(',"target_source":')
const PROXY = constant(',"proxy":')
const ORG = constant(',"org":')
const ENV = constant(',"env":')
const GATEWAY = constant(',"gateway":')
const WORKER = constant(',"worker":')
const HALVES = constant(',"halves":')
const PHASE = constant(',"phase":')
const CAUSE = constant(',"cause":')
const CONFIDENCE = constant(',"confidence":')
const EVIDENCE = constant(',"evidence":{')
const CLIENT_KEY = constant('},"client_key":')
const LEVEL = constant('},"log":{"level":')
const FILE = constant(',"file":{"path":')
const OFFSET = constant('},"offset":')
const END = constant('}}\n')

const NOTHING = constant('')
const COMMA = constant(',')
const COLON = constant(':')

function writeNumbers(out: JsonBytes, numbers: Readonly<Record<string, number | null>>): void {
  let before = NOTHING
  for (const name in numbers) {
    out.known(before, name)
    out.member(COLON, numbers[name])
    before = COMMA
  }
}
