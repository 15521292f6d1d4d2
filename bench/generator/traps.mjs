/**
 * Requests whose url, Host or API key is written to mislead a parser; every form was seen to pass a real gateway.
 * Each returns the fields that it changes.
 */
export const TRAPS = {
  'brackets in the query': (request, random) => ({
    url: `${request.path}/list?filter[status][${random.hex()}]=open&filter[ids][]=${random.below(1e5)}`,
  }),
  'brackets in the path': (request, random) => ({ url: `${request.path}/a]b[c/${random.hex()}` }),
  'a level in the query': (request, random) => ({ url: `${request.path}/find?q=[error]&limit=${random.below(1e4)}` }),
  'a level between brackets': (request, random) => ({ url: `${request.path}/find?q=a][error][${random.hex()}` }),
  'a key like a correlation id': (_, random) => ({ clientId: random.uuid(4) }),
  'fields in the key': (_, random) => ({ clientId: `abc][injected][${random.hex()}][x` }),
  'an address in the key': () => ({ clientId: 'abc][injected][10.1.1.1][x' }),
  'a half in the key': () => ({
    clientId: `K1][][${FAKE_ID}][plugins-middleware][targetRequest error]${FAKE_END}[395]`,
  }),
  'a half in the url': (request, random) => ({
    url: `${request.path}/${random.hex()}?x=][][][${FAKE_ID}][microgateway-core][][GET][502][socket%20hang%20up][ECONNRESET][]`,
  }),
  'a line in the key': () => ({ clientId: FAKE_LINE }),
  'a line in the url': (request, random) => ({
    url: `${request.path}/${random.hex()}%0a${FAKE_LINE.replaceAll(' ', '%20')}`,
  }),
  'a bracketed host': () => ({ host: '[::1]:8000' }),
  'a target as host': (request) => ({ host: request.target }),
  'quotes and backslashes': (request, random) => ({ url: `${request.path}/find?q="a\\b\\\\"&n=${random.below(1e5)}` }),
  'a tab in the key': (_, random) => ({ clientId: `k\t${random.hex()}` }),
  'bytes above 127': (request, random) => ({ url: `${request.path}/caf\u00c3\u00a9/\u0085/${random.hex()}` }),
}

const FAKE_ID = '6b089a00-d3d6-11eb-95aa-911f1ee6c684'
const FAKE_END = '[GET][][socket hang up][ECONNRESET]'
const FAKE_LINE =
  '2021-06-23T03:52:24.110Z [error][0:8000][3][myorg][test][emg_badtarget/flakey/hangup][][]' +
  `[${FAKE_ID}][microgateway-core][][GET][502][socket hang up][ECONNRESET][]`

const ADDRESS_OR_NOTHING = /^(?:(?:\d{1,3}\.){3}\d{1,3})?$/

/**
 * Whether the bounds of url, client address and key can be read in more than one way: the address is an IPv4 address or
 * nothing, the other two are any text. No parser can be blamed for such a field, so the checks leave it out.
 */
export function isAmbiguous({ url, clientIp, clientId }) {
  const parts = `${url}][${clientIp}][${clientId}`.split('][')
  return parts.slice(1, -1).filter((part) => ADDRESS_OR_NOTHING.test(part)).length > 1
}
