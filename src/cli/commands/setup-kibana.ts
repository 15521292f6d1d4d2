import { readFile } from 'node:fs/promises'
import { kibanaRules } from '../../alerts/kibana.js'
import { ConfigError, systemCode } from '../../errors.js'
import type { Change } from '../../kibana/change.js'
import { connectKibana, type KibanaAuth } from '../../kibana/connection.js'
import { setupKibana } from '../../kibana/setup.js'
import type { Context } from '../context.js'
import type { SetupOptions } from '../options.js'
import { visible } from '../terminal/text.js'
import { writeOutput } from '../terminal/write.js'
import { usageError } from '../usage-errors.js'

const DEFAULT_URL = 'http://localhost:5601'
const TIMEOUT_MS = 60_000

/** Done, but the answer is bad: a dry run found something to do. */
const BAD = 3

/** Options of `setup elasticsearch` alone. */
const OTHERS = { overwrite: '--overwrite', retention: '--retention', print: '--print' } as const

export async function run(_: readonly string[], options: SetupOptions, context: Context): Promise<number> {
  for (const [name, flag] of Object.entries(OTHERS)) {
    const given = options[name as keyof typeof OTHERS]
    if (given === true || (Array.isArray(given) && given.length > 0)) {
      throw usageError(`not an option of setup kibana: ${flag}`, 'see hangup setup --help')
    }
  }
  const { environment } = context
  const prefix = checkedPrefix(options.prefix)
  const space = options.space === undefined || options.space === 'default' ? null : options.space
  const kibana = connectKibana({
    url: checkedUrl(options.url ?? (environment.KIBANA_URL || DEFAULT_URL)),
    space,
    auth: await credentials(environment),
    ca: await certificate(options.ca ?? environment.KIBANA_CA),
    timeoutMs: TIMEOUT_MS,
  })
  const { dryRun, connector = null } = options
  const { version, changes } = await setupKibana(kibana, {
    ...{ prefix, space, dryRun, connector },
    rules: (there) => kibanaRules({ prefix, kibanaVersion: there.version, connector: there.connector }),
  })
  await writeOutput(context.stdout, changes.map((change) => `${lineOf(change)}\n`).join(''))
  context.terminal.print([summary(changes, dryRun, `Kibana ${visible(version.number)} at ${visible(kibana.name)}`)])
  return dryRun && changes.some(({ state }) => state !== 'same') ? BAD : 0
}

const lineOf = ({ state, type, id }: Change): string => `${state.padEnd(8)} ${type.padEnd(13)} ${id}`

function summary(changes: readonly Change[], dryRun: boolean, where: string): string {
  const count = (state: Change['state']): number => changes.filter((change) => change.state === state).length
  const said = `${count('new')} new, ${count('changed')} changed, ${count('same')} the same`
  return dryRun ? `${where}: would be ${said}; nothing was touched` : `${where}: ${said}`
}

/** As the index names that it begins: what Elasticsearch takes for one. */
function checkedPrefix(prefix: string): string {
  if (/^[a-z0-9][a-z0-9._-]*$/.test(prefix) && prefix.length <= 100) return prefix
  throw usageError(`not a prefix of indices: ${prefix}`, 'lower case letters, digits, . _ and - after the first')
}

function checkedUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw usageError(`not a URL of Kibana: ${text}`, 'such as https://kibana.example:5601')
  }
  if (url.username !== '' || url.password !== '') {
    throw usageError('credentials in a URL are seen by others: --url', 'set KIBANA_USERNAME and KIBANA_PASSWORD_FILE')
  }
  return `${url.origin}${url.pathname}`
}

async function certificate(file: string | undefined): Promise<string | null> {
  return file ? readSecret(file, 'certificate') : null
}

/** Null where the environment names none: Kibana may need none. */
async function credentials(environment: Context['environment']): Promise<KibanaAuth | null> {
  const apiKey = await secretOf('KIBANA_API_KEY', environment)
  if (apiKey !== null) return { apiKey }
  const username = environment.KIBANA_USERNAME
  if (!username) return null
  const password = await secretOf('KIBANA_PASSWORD', environment)
  if (password !== null) return { username, password }
  throw new ConfigError('a user without a password: KIBANA_USERNAME', {
    code: 'config',
    hint: 'set KIBANA_PASSWORD, or KIBANA_PASSWORD_FILE to the path of a file that holds it',
  })
}

async function secretOf(name: string, environment: Context['environment']): Promise<string | null> {
  const file = environment[`${name}_FILE`]
  if (environment[name]) return environment[name]
  return file ? (await readSecret(file, 'secret')).trim() : null
}

async function readSecret(file: string, what: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: unknown) => {
    throw new ConfigError(`cannot read the ${what}: ${file} (${systemCode(error) ?? 'unreadable'})`, {
      code: 'config',
      hint: 'give the path of a file that this user may read',
      cause: error,
    })
  })
}
