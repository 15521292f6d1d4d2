import { ELASTICSEARCH_NODE } from '../config/schema.js'
import { ConfigError } from '../errors.js'
import { type ConnectionOptions, connectElasticsearch, type Elasticsearch } from '../sinks/elasticsearch/connection.js'
import type { Context } from './context.js'

export interface GivenConnection {
  readonly url?: string
  readonly ca?: string
}

/**
 * How commands reach Elasticsearch: the URL and the certificate authority from options, else from `ELASTICSEARCH_URL` and
 * `ELASTICSEARCH_CA`; who we are from the environment or a file that it names, never from the command line, which other
 * users of the machine can read. Throws `ConfigError` for what is no URL, holds a password, or names two ways to sign in.
 */
export function connectionFrom(environment: Context['environment'], { url, ca }: GivenConnection): ConnectionOptions {
  const auth = credentialsFrom(environment)
  return {
    node: nodeFrom(url ?? (environment.ELASTICSEARCH_URL || ELASTICSEARCH_NODE)),
    ...(auth !== undefined && { auth }),
    ca: ca ?? (environment.ELASTICSEARCH_CA || undefined),
    timeoutMs: TIMEOUT_MS,
  }
}

/** Connects, and ends what is under way when the command is told to stop. */
export function connectFrom(context: Pick<Context, 'environment' | 'signal'>, given: GivenConnection): Elasticsearch {
  const elasticsearch = connectElasticsearch(connectionFrom(context.environment, given))
  return {
    ...elasticsearch,
    request: (request) =>
      elasticsearch.request<never>({ ...request, signal: context.signal }).catch((error: unknown) => {
        context.signal.throwIfAborted()
        throw error
      }),
  }
}

const TIMEOUT_MS = 30_000

/** The URL is repeated in messages, so that nothing secret may be in it. */
function nodeFrom(text: string): string {
  // As the option `node` of the sink has it: no `@`, so that no password hides in what is no URL.
  if (text.includes('@')) {
    throw new ConfigError('a user or password in the URL of Elasticsearch', {
      code: 'usage',
      hint: 'give the URL without it, and ELASTICSEARCH_USERNAME with ELASTICSEARCH_PASSWORD or ELASTICSEARCH_PASSWORD_FILE',
    })
  }
  const url = URL.canParse(text) ? new URL(text) : null
  const isPlain = url !== null && /^https?:$/.test(url.protocol) && url.search === '' && url.hash === ''
  if (!isPlain) {
    const hint = 'give an http or https URL, such as http://localhost:9200'
    throw new ConfigError(`no URL of an Elasticsearch: ${text}`, { code: 'usage', hint })
  }
  return text
}

function credentialsFrom(environment: Context['environment']): ConnectionOptions['auth'] {
  const given = (name: string): string | undefined => environment[`ELASTICSEARCH_${name}`] || undefined
  const auth = {
    username: given('USERNAME'),
    password: given('PASSWORD'),
    passwordFile: given('PASSWORD_FILE'),
    apiKey: given('API_KEY'),
    apiKeyFile: given('API_KEY_FILE'),
  }
  const ways = [auth.apiKey, auth.apiKeyFile, auth.password, auth.passwordFile].filter((way) => way !== undefined)
  if (ways.length === 0 && auth.username === undefined) return undefined
  const isBasic = auth.password !== undefined || auth.passwordFile !== undefined
  if (ways.length === 1 && isBasic === (auth.username !== undefined)) return auth
  throw new ConfigError('not one way to sign in to Elasticsearch: the environment', {
    code: 'config',
    hint: 'set one of ELASTICSEARCH_API_KEY, ELASTICSEARCH_API_KEY_FILE, or ELASTICSEARCH_USERNAME with ELASTICSEARCH_PASSWORD or ELASTICSEARCH_PASSWORD_FILE',
  })
}
