import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'

/** Where a cluster is, and as whom to ask it. What `startElasticsearch` gives is one. */
export interface Address {
  readonly url: string
  readonly username?: string
  readonly password?: string
  /** As the server gives it: `encoded`. Goes before user and password. */
  readonly apiKey?: string
  /** Certificate to trust (PEM). */
  readonly caFile?: string
}

export interface Reply<Body> {
  readonly status: number
  readonly body: Body
}

/** URL of the server that `npm run test:integration` started, or that `HANGUP_TEST_ELASTICSEARCH_URL` named before. */
export function clusterUrl(): string {
  const url = process.env.HANGUP_TEST_ELASTICSEARCH_URL
  if (url === undefined || url === '') {
    throw new Error(
      'HANGUP_TEST_ELASTICSEARCH_URL is not set: run the tests of test/integration with its jest.config.js',
    )
  }
  return url.replace(/\/+$/, '')
}

/** The server of the whole run. */
export const sharedCluster = (): Address => ({ url: clusterUrl() })

/**
 * A prefix for the indices and templates of one suite, which no other suite or run uses. End with `removeAll`.
 * `name` is in lower case.
 */
export const uniquePrefix = (name: string): string => `it-${name}-${randomBytes(4).toString('hex')}`

/** One request, made with Node alone, so that no code under test is asked about itself. Any status is an answer. */
export async function ask<Body = unknown>(
  method: string,
  path: string,
  body?: object | string,
  at: Address = sharedCluster(),
): Promise<Reply<Body>> {
  const { url, username, password, apiKey, caFile } = at
  const lines = typeof body === 'string'
  const content = body === undefined || lines ? body : JSON.stringify(body)
  const credentials =
    apiKey !== undefined
      ? `ApiKey ${apiKey}`
      : username !== undefined && `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
  const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
    const request = (url.startsWith('https:') ? https : http).request(`${url}${path}`, {
      method,
      ca: caFile === undefined ? undefined : fs.readFileSync(caFile),
      // A connection of its own: none is left open to a server that a test ends.
      agent: false,
      headers: {
        ...(content !== undefined && {
          'content-type': lines ? 'application/x-ndjson' : 'application/json',
          'content-length': Buffer.byteLength(content),
        }),
        ...(credentials !== false && { authorization: credentials }),
      },
    })
    request.on('response', resolve).on('error', reject)
    request.end(content)
  })
  const answer = await text(response)
  return { status: response.statusCode ?? 0, body: (answer === '' ? null : JSON.parse(answer)) as Body }
}

/** As `ask`, but throws where the status is neither 2xx nor among `answers`. */
export async function demand<Body = unknown>(
  method: string,
  path: string,
  body?: object | string,
  at: Address = sharedCluster(),
  answers: readonly number[] = [],
): Promise<Body> {
  const reply = await ask<Body>(method, path, body, at)
  if ((reply.status < 200 || reply.status > 299) && !answers.includes(reply.status)) {
    throw new Error(`${method} ${path} answered ${reply.status}: ${JSON.stringify(reply.body).slice(0, 1000)}`)
  }
  return reply.body
}

/** Makes what was written under `prefix` visible to searches. */
export async function refresh(prefix: string, at: Address = sharedCluster()): Promise<void> {
  await demand('POST', `/${prefix}*/_refresh`, undefined, at)
}

/** Stores documents by id, all of them or it throws, and makes them visible. */
export async function store(
  index: string,
  documents: Iterable<readonly [id: string, source: object]>,
  at: Address = sharedCluster(),
): Promise<void> {
  const lines = [...documents].flatMap(([_id, source]) => [{ index: { _id } }, source])
  const body = lines.map((line) => `${JSON.stringify(line)}\n`).join('')
  const answer = await demand<{ errors: boolean }>('POST', `/${index}/_bulk?refresh=true`, body, at)
  if (answer.errors) throw new Error(`not all was stored in ${index}: ${JSON.stringify(answer).slice(0, 1000)}`)
}

/** A document as it is stored. */
export interface Stored<Source> {
  readonly _index: string
  readonly _id: string
  readonly _source: Source
}

/** Every document of `indices` (names, aliases or patterns), however many, after a refresh; empty where there is no such index. */
export async function documents<Source>(indices: string, at: Address = sharedCluster()): Promise<Stored<Source>[]> {
  await demand('POST', `/${indices}/_refresh?ignore_unavailable=true`, undefined, at)
  const { id } = await demand<{ id: string }>(
    'POST',
    `/${indices}/_pit?keep_alive=1m&ignore_unavailable=true`,
    undefined,
    at,
  )
  const found: Stored<Source>[] = []
  let after: readonly unknown[] | undefined
  do {
    const query = { size: 5000, pit: { id, keep_alive: '1m' }, sort: [{ _shard_doc: 'asc' }], search_after: after }
    const page = await demand<{ hits: { hits: (Stored<Source> & { sort: readonly unknown[] })[] } }>(
      'POST',
      '/_search',
      query,
      at,
    )
    found.push(...page.hits.hits.map(({ _index, _id, _source }) => ({ _index, _id, _source })))
    after = page.hits.hits.at(-1)?.sort
  } while (after !== undefined)
  await demand('DELETE', '/_pit', { id }, at)
  return found
}

/** How many documents `indices` hold, after a refresh; 0 where there is no such index, or one that was made just now. */
export async function count(indices: string, at: Address = sharedCluster()): Promise<number> {
  await demand('POST', `/${indices}/_refresh?ignore_unavailable=true`, undefined, at)
  const path = `/${indices}/_count?ignore_unavailable=true`
  const { count } = await demand<{ count?: number }>('GET', path, undefined, at, [503])
  return count ?? 0
}

/** Names of the indices that begin with `prefix`, sorted. */
export async function indexNames(prefix: string, at: Address = sharedCluster()): Promise<string[]> {
  const found = await demand<Record<string, unknown>>(
    'GET',
    `/${prefix}*/_settings?expand_wildcards=all`,
    undefined,
    at,
  )
  return Object.keys(found).sort()
}

/** Removes all indices whose names begin with `prefix`, and leaves templates: for a suite whose tests share them. */
export async function removeIndices(prefix: string, at: Address = sharedCluster()): Promise<void> {
  if (prefix.length < 4) throw new Error(`a prefix of one suite, not '${prefix}': make it with uniquePrefix`)
  await removeNamed('', await indexNames(prefix, at), at)
}

/** Removes all indices, templates and lifecycle policies whose names begin with `prefix`. By name: servers refuse patterns. */
export async function removeAll(prefix: string, at: Address = sharedCluster()): Promise<void> {
  await removeIndices(prefix, at)
  for (const kind of ['index_template', 'component_template'] as const) {
    const found = await demand<Record<string, { name: string }[]>>('GET', `/_${kind}/${prefix}*`, undefined, at, [404])
    const names = (found[`${kind}s`] ?? []).map(({ name }) => name)
    await removeNamed(`/_${kind}`, names, at)
  }
  // Not each server has lifecycle management: Elastic's own pieces on Maven Central do not.
  const policies = await ask<Record<string, unknown>>('GET', `/_ilm/policy/${prefix}*`, undefined, at)
  if (policies.status !== 200) return
  for (const name of Object.keys(policies.body)) await demand('DELETE', `/_ilm/policy/${name}`, undefined, at, [404])
}

/** Many at once, for which a server takes no longer than for one; as many as a request line holds. */
async function removeNamed(path: string, names: readonly string[], at: Address): Promise<void> {
  for (let start = 0; start < names.length; start += 40) {
    await demand('DELETE', `${path}/${names.slice(start, start + 40).join(',')}`, undefined, at, [404])
  }
}

/** Asks again until `condition` holds, for what a server does in its own time; throws with `what` after `timeoutMs`. */
export async function eventually(
  what: string,
  condition: () => Promise<boolean>,
  timeoutMs: number = 60_000,
): Promise<void> {
  const endMs = Date.now() + timeoutMs
  while (!(await condition())) {
    if (Date.now() > endMs) throw new Error(`not within ${timeoutMs} ms: ${what}`)
    await sleep(100)
  }
}
