import type { Include, ServerSetting } from '../../../src/keepalive/files/server-file.js'

/** For texts that include nothing. */
export const NO_INCLUDES: Include = () => []

/** `10.0 s`-free form of settings: ports, idle time (or its kind), line, limit. */
export function brief(settings: readonly ServerSetting[]) {
  return settings.map(({ ports, idle, line, maxRequests }) => ({
    ports: [...ports],
    idle: idle.kind === 'after' ? idle.ms : idle.kind,
    line,
    maxRequests,
  }))
}
