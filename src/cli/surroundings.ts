import { readGatewayConfiguration } from '../config/gateway.js'
import type { PipelineConfig } from '../config/schema.js'
import type { ConfiguredProxy } from '../enrich/proxy.js'
import type { Context } from './context.js'
import { machineName } from './machine.js'

/** What a pipeline needs besides its file. */
export async function surroundings(config: PipelineConfig, context: Context) {
  const { stdin, stdout, signal } = context
  return { config, proxies: await proxiesOf(config, context), machine: machineName(context), stdin, stdout, signal }
}

async function proxiesOf({ gateway }: PipelineConfig, context: Context): Promise<readonly ConfiguredProxy[]> {
  if (gateway.configuration === undefined) return []
  return (await readGatewayConfiguration(gateway.configuration, context)).proxies
}
