import { readFile } from 'node:fs/promises'
import path from 'node:path'
import type { GatewayConnections } from '../config/gateway-connections.js'
import { type PluginDefaults, parsePluginDefaults } from '../keepalive/plugin-times.js'

/** Timers of both sides are no more exact than that, with a busy event loop. */
export const MARGIN_MS = 1000

/** Times of a plugin, from the directory of plugins that the configuration names, if this host has it. */
export async function readPluginDefaults(
  { plugins, pluginsDirectory }: GatewayConnections,
  plugin: string,
): Promise<PluginDefaults | null> {
  if (pluginsDirectory === null || !plugins.includes(plugin)) return null
  const manifest = path.join(pluginsDirectory, plugin, 'package.json')
  return readFile(manifest, 'utf8').then(parsePluginDefaults, () => null)
}
