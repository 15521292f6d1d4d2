import type { FailureDocument } from '../records.js'

/**
 * A failure document as JSON: what `JSON.stringify` gives, less the halves that only stores need. Written out because
 * hundreds of thousands are printed in a second, and telling the fields' names anew each time costs the most.
 */
export function failureJson(document: FailureDocument): string {
  const { event, http, url, error, server, client, edgemicro, log } = document
  const query = url.query === undefined ? '' : `,"query":${quote(url.query)}`
  return (
    `{"@timestamp":"${document['@timestamp']}",${EVENT}${event.duration}},` +
    `"http":{"request":{"id":${quote(http.request.id)},"method":${quote(http.request.method)}},` +
    `"response":{"status_code":${http.response.status_code}}},` +
    `"url":{"path":${quote(url.path)}${query}},` +
    `"error":{"code":${quote(error.code)},"message":${quote(error.message)}},` +
    `"server":{"address":${quote(server.address)},"port":${server.port}},"client":{"ip":${quote(client.ip)}},` +
    `"edgemicro":{"target":${quote(edgemicro.target)},"target_source":"${edgemicro.target_source}",` +
    `"proxy":${quote(edgemicro.proxy)},"org":${quote(edgemicro.org)},"env":${quote(edgemicro.env)},` +
    `"gateway":${quote(edgemicro.gateway)},"worker":${quote(edgemicro.worker)},"halves":"${edgemicro.halves}",` +
    `"phase":${quote(edgemicro.phase)},"cause":"${edgemicro.cause}","confidence":${edgemicro.confidence},` +
    `"evidence":${evidenceJson(edgemicro.evidence)},"client_key":${quote(edgemicro.client_key)}},` +
    `"log":{"level":${quote(log.level)},"file":{"path":${quote(log.file.path)}},"offset":${log.offset}}}`
  )
}

const EVENT =
  '"event":{"kind":"event","category":["web"],"type":["error"],"outcome":"failure","dataset":"edgemicro.failure","duration":'

function evidenceJson(evidence: Readonly<Record<string, number | null>>): string {
  let json = ''
  for (const name in evidence) json += `${json === '' ? '{' : ','}"${name}":${evidence[name]}`
  return json === '' ? '{}' : `${json}}`
}

/** Printable ASCII without quote and backslash stands in JSON as it is. */
const NEEDS_ESCAPE = /[^\x20\x21\x23-\x5b\x5d-\x7e]/

function quote(text: string | null): string {
  if (text === null) return 'null'
  return NEEDS_ESCAPE.test(text) ? JSON.stringify(text) : `"${text}"`
}
