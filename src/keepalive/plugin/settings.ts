/** What the plugin does where the gateway's own configuration says nothing else. Times in milliseconds. */
export interface PluginSettings {
  readonly timeoutMs: number
  /** Base path of an API → its connections' idle timeout; goes before `targets`. */
  readonly proxies: Readonly<Record<string, number>>
  /** `host:port` of a target → idle timeout. */
  readonly targets: Readonly<Record<string, number>>
}

/** Names that the gateway's own plugins and sections have; a plugin of that name would read a section that is not its own. */
const TAKEN: readonly string[] = [
  'accumulate-request',
  'accumulate-response',
  'analytics',
  'apikeys',
  'edge_config',
  'edgemicro',
  'headers',
  'metrics',
  'oauth',
  'oauthv2',
  'proxies',
  'quota',
  'quotas',
  'spikearrest',
  'targets',
]

/** Whether a directory of this name can be a plugin's: it is also a key of the gateway's YAML. */
export function isPluginName(name: string): boolean {
  return /^[A-Za-z][\w-]{0,63}$/.test(name) && !TAKEN.includes(name)
}
