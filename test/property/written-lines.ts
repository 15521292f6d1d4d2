import fc from 'fast-check'
import { CORRELATION_ID, type EventSketch, OTHER_ID } from '../support/lines.js'

/** Texts that an attacker would build fields and lines from. */
const PIECES = [
  '][',
  ']',
  '[',
  '][][',
  '[]',
  CORRELATION_ID,
  OTHER_ID,
  'microgateway-core',
  'plugins-middleware',
  'targetRequest error',
  '][GET][502][',
  '][3][acme-eval][test][',
  '][7][evil][prod][',
  '10.0.0.1',
  '127.0.0.22',
  'acme-eval',
  'test',
  '502',
  'ECONNRESET',
  'no match found',
  '2021-06-23T03:52:24.110Z',
  'v1/orders',
  '?a=1&b[]=2',
  '%0a',
  'é',
  '\u0085',
  'x',
]

const pieces = (more: readonly string[] = []): fc.Arbitrary<string> =>
  fc.array(fc.constantFrom(...PIECES, ...more), { maxLength: 8 }).map((parts) => parts.join(''))

/** A request target holds no blanks; one of Node 14 may hold a tab. */
export const urls = pieces(['/', '\t']).map((text) => text.replaceAll(' ', '%20'))
/** A header's value holds blanks, but not at its ends. */
export const headers = pieces([' ', '\t']).map((text) => text.replace(/^[ \t]+|[ \t]+$/g, ''))

const plainHosts = fc.constantFrom('api.acme.example:8000', '10.0.0.9:8080', '0:8000', '', '[::1]:8000')
const plainUrls = fc.constantFrom('v1/orders/17', 'emg_badtarget/flakey/hangup', '', 'v1/x?a[]=1')
const plainKeys = fc.constantFrom('', 'k-3f9a7c55e1', OTHER_ID)
const times = fc.constantFrom('', '0', '5', '395', '-1')

/** What one gateway writes everywhere. */
export interface Style {
  readonly writesAddress: boolean
  readonly quotesPath: boolean
}

export const styles: fc.Arbitrary<Style> = fc.constantFrom(
  { writesAddress: true, quotesPath: false },
  { writesAddress: false, quotesPath: true },
)

/** Records as the gateway writes them, with an attacker's texts wherever a request can bring them in. */
export const recordsOf = ({ writesAddress, quotesPath }: Style): fc.Arbitrary<EventSketch> => {
  const addresses = writesAddress ? fc.constantFrom('127.0.0.22', '10.1.2.3') : fc.constant('')
  const request = fc.record({
    url: fc.oneof(plainUrls, urls),
    clientIp: addresses,
    clientId: fc.oneof(plainKeys, headers),
    correlationId: fc.uuid(),
    pid: fc.constantFrom('1', '3', '12'),
    method: fc.constantFrom('GET', 'POST', 'PROPFIND', 'M-SEARCH'),
    timeTakenMs: times,
  })
  const errors = fc.constantFrom(
    { errorMessage: 'socket hang up', errorCode: 'ECONNRESET' },
    { errorMessage: 'write EPIPE', errorCode: 'EPIPE' },
    { errorMessage: 'connect EHOSTUNREACH 192.0.2.7:28021 - Local (0.0.0.0:0)', errorCode: 'EHOSTUNREACH' },
    { errorMessage: 'Gateway timed out trying to reach target', errorCode: '' },
  )
  const targetSide = fc.constantFrom(
    { level: 'warn', message: 'targetRequest error', status: '' },
    { level: 'error', message: 'targetResponse error', status: '200' },
    { level: 'warn', message: 'targetResponse aborted', status: '' },
    { level: 'info', message: 'targetRequest', status: '' },
  )
  const target = fc
    .tuple(request, errors, targetSide)
    .map((parts) => ({ component: 'plugins-middleware', host: 't1.backend.example:28021', ...merged(parts) }))
  const client = fc
    .tuple(request, errors, fc.constantFrom('502', '504', '500'), fc.oneof(plainHosts, headers))
    .map(([fields, error, status, host]) => ({ ...fields, ...error, status, host, message: '' }))
  const source = fc
    .tuple(request, fc.oneof(plainHosts, headers))
    .map(([fields, host]) => ({ ...fields, host, level: 'info', ...SOURCE_REQUEST }))
  const noMatch = fc.tuple(fc.oneof(plainHosts, headers), urls).map(([host, path]) => ({
    ...NO_REQUEST,
    host,
    ...(quotesPath && { errorMessage: `no match found for /${path}` }),
  }))
  return fc.oneof(target, client, source, noMatch)
}

const merged = <A, B, C>([a, b, c]: readonly [A, B, C]): A & B & C => ({ ...a, ...b, ...c })

const SOURCE_REQUEST = {
  component: 'plugins-middleware',
  message: 'sourceRequest',
  status: '',
  errorMessage: '',
  errorCode: '',
}

const NO_REQUEST = {
  url: '',
  clientIp: '',
  clientId: '',
  correlationId: '',
  status: '404',
  errorMessage: 'no match found',
  errorCode: '',
}
