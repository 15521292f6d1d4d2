import { DEFAULT_INDEX_PREFIX, INDEX_PREFIX } from './index-prefix.js'
import { duration, emptyIsAbsent, flag, path, type Rule, section, size, text, wholeNumber } from './option-types.js'

const elasticsearchAuth: Rule = ({ apiKey, apiKeyFile, username, password, passwordFile }, context) => {
  const ways = [apiKey, apiKeyFile, password, passwordFile].filter((way) => way !== undefined)
  const isBasic = password !== undefined || passwordFile !== undefined
  if (ways.length === 1 && isBasic === (username !== undefined)) return
  const message = 'give one of apiKey, apiKeyFile, or username with password or passwordFile'
  context.addIssue({ code: 'custom', message })
}

const elasticsearchPlace: Rule = ({ node, cloudId }, context) => {
  if (node !== undefined && cloudId !== undefined) {
    context.addIssue({ code: 'custom', message: 'give either node or cloudId' })
  }
}

/** Where Elasticsearch is when nothing says so. */
export const ELASTICSEARCH_NODE = 'http://localhost:9200'

/** The store in Elasticsearch. */
export const elasticsearch = section(
  {
    node: text({
      pattern: { regex: /^https?:\/\/[^\s@]+$/, means: 'an http or https URL without a password' },
      help: 'URL of a node',
      computedDefault: `\`${ELASTICSEARCH_NODE}\``,
    }).optional(),
    cloudId: text({
      pattern: { regex: /^[^\s:]*:[A-Za-z0-9+/=]+$/, means: 'a cloud id: `name:base64`' },
      help: 'id of an Elastic Cloud deployment, in place of `node`',
    }).optional(),
    prefix: text({
      pattern: INDEX_PREFIX,
      help: 'how the names of the indices begin',
    }).default(DEFAULT_INDEX_PREFIX),
    auth: emptyIsAbsent(
      section(
        {
          username: text({ help: 'user name' }).optional(),
          password: text({ help: 'password; best taken from the environment' }).optional(),
          passwordFile: path({ help: 'file that holds the password' }).optional(),
          apiKey: text({ help: 'API key (encoded form) in place of both; best taken from the environment' }).optional(),
          apiKeyFile: path({ help: 'file that holds the API key' }).optional(),
        },
        elasticsearchAuth,
      ),
    ),
    ca: emptyIsAbsent(path({ help: "certificate authority's certificate (PEM); absent: the system's" })),
    batch: size({ min: '64KiB', max: '64MiB', help: 'largest bulk request' }).prefault('2MiB'),
    linger: duration({ min: '0s', max: '1m', help: 'how long a document may wait for others to fill a bulk' }).prefault(
      '250ms',
    ),
    inFlight: wholeNumber({ min: 1, max: 16, help: 'most bulk requests under way at a time' }).default(4),
    timeout: duration({ min: '1s', max: '10m', help: 'when a request counts as failed' }).prefault('30s'),
    frequency: duration({
      min: '1s',
      max: '10m',
      help: 'how often the minutes that changed are counted again into `<prefix>-frequency`',
    }).prefault('10s'),
    setup: flag({ help: 'install missing index templates and lifecycle policies at start' }).default(true),
  },
  elasticsearchPlace,
).transform(({ batch, linger, timeout, frequency, node, ...rest }) => ({
  ...rest,
  node: rest.cloudId === undefined ? (node ?? ELASTICSEARCH_NODE) : null,
  maxBatchBytes: batch,
  lingerMs: linger,
  timeoutMs: timeout,
  frequencyMs: frequency,
}))
