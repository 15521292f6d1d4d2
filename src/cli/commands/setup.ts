import type { CommandModule, Context } from '../context.js'
import type { SetupOptions } from '../options.js'
import { usageError } from '../usage-errors.js'

/** What can be set up, each loaded when it is asked for. */
const SERVERS: Readonly<Record<string, () => Promise<CommandModule>>> = {
  elasticsearch: () => import('./setup-elasticsearch.js'),
  kibana: () => import('./setup-kibana.js'),
}

export async function run([server]: readonly string[], options: SetupOptions, context: Context): Promise<number> {
  if (!Object.hasOwn(SERVERS, server)) {
    throw usageError(`nothing to set up: ${server}`, `give one of: ${Object.keys(SERVERS).join(', ')}`)
  }
  const module = await SERVERS[server]()
  return module.run([], options, context)
}
