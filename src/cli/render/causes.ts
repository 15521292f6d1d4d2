import type { Cause } from '../../records.js'

/** What each cause means, in plain words. */
const CAUSE_MEANINGS: Readonly<Record<Cause, string>> = {
  keepalive_race: 'the target closed an idle connection just as the gateway reused it',
  premature_close: 'the target closed the connection in the middle of the request',
  response_aborted: 'the target broke off its response',
  target_timeout: 'the target did not answer within the time the gateway waits',
  connect_refused: 'nothing listened at the target',
  connect_timeout: 'the target did not answer when the gateway connected',
  host_unreachable: 'no network route to the target',
  dns_notfound: "the target's name did not resolve",
  tls_aborted: 'the target broke off the TLS handshake',
  tls_certificate: "the gateway did not trust the target's certificate",
  bad_response: 'the target answered with something that is not HTTP',
  client_abort: 'the client gave up before the answer came',
  rejected_by_gateway: 'the gateway itself refused: no such API, or a plugin said no',
  target_status: 'the target answered with an error status',
  undetermined: 'the log alone does not tell',
}

/** The meaning of any text in the place of a cause; empty for one that is not known. */
export function meaningOf(cause: string): string {
  return Object.hasOwn(CAUSE_MEANINGS, cause) ? CAUSE_MEANINGS[cause as Cause] : ''
}
