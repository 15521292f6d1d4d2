import { stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { type ConfigurationFiles, configurationFiles } from '../bundle/configuration-files.js'
import type { EntryNames } from '../bundle/entry-names.js'
import {
  expandHome,
  type GatewayConfiguration,
  type GatewayText,
  parseGatewayConfiguration,
  readGatewayTexts,
} from '../config/gateway.js'
import { type GatewayConnections, parseGatewayConnections } from '../config/gateway-connections.js'
import { ConfigError } from '../errors.js'
import type { Context } from './context.js'
import type { BundleOptions } from './options.js'

/** What a diagnosis needs of the gateway's configuration. */
export interface BundledGateway {
  readonly files: ConfigurationFiles
  readonly configuration: GatewayConfiguration | null
  readonly connections: GatewayConnections | null
  /** Why one of them is not there. */
  readonly leftOut: readonly string[]
}

const USUAL_PLACE = '~/.edgemicro'

/**
 * Reads a gateway's configuration. What is wrong inside of it is no error: an archive is wanted then most. Throws `ConfigError`
 * where the named one cannot be read, or several exclude each other.
 */
export async function readBundledGateway(
  options: BundleOptions,
  names: EntryNames,
  context: Context,
): Promise<BundledGateway> {
  const { org, env } = options
  const path = options.gatewayConfig ?? USUAL_PLACE
  if (options.gatewayConfig === undefined && !(await exists(expandHome(path, context.home)))) {
    const leftOut = [`the gateway's configuration: there is no ${USUAL_PLACE}; name it with --gateway-config PATH`]
    return { files: { files: [], unreadable: [] }, configuration: null, connections: null, leftOut }
  }
  const texts = await readGatewayTexts(path, { ...context, org, env })
  const leftOut: string[] = []
  // Messages go into the archive: with names of files, not of the folders above them.
  const named = texts.map(({ file, text }): GatewayText => ({ file: basename(file), text }))
  const files = configurationFiles(texts, names)
  for (const name of files.unreadable)
    leftOut.push(`${name}: its structure cannot be read, so its secrets cannot be found`)
  const configuration = tried(() => parseGatewayConfiguration(named, context.environment))
  const connections = tried(() => parseGatewayConnections(named, context.environment))
  return { files, configuration, connections, leftOut }

  function tried<Read>(read: () => Read): Read | null {
    try {
      return read()
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error
      if (!leftOut.includes(error.message)) leftOut.push(error.message)
      return null
    }
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
