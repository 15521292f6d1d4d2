import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { linters } from '../linters/layout.mjs'
import { readImage } from './dockerfile.js'
import { ofProject, type Service } from './service.js'

export const COMPOSE = ofProject('deploy/compose.yaml')

interface Loaded {
  readonly image: string
  readonly command?: readonly string[] | null
  readonly entrypoint?: readonly string[] | null
  readonly environment?: Readonly<Record<string, string>> | null
  readonly volumes?: readonly { readonly type: string; readonly source: string; readonly target: string }[]
  readonly healthcheck?: { readonly test?: readonly string[] }
  readonly depends_on?: Readonly<Record<string, object>>
}

export interface ComposeService extends Service {
  readonly health: readonly string[]
  readonly needs: readonly string[]
}

/** The services of compose.yaml as Compose's own loader reads them. Named volumes are folders below `volumes`. */
export function readCompose(volumes: string): Readonly<Record<string, ComposeService>> {
  const json = loadCompose(COMPOSE)
  const services: Readonly<Record<string, Loaded>> = JSON.parse(json).services
  return Object.fromEntries(Object.entries(services).map(([name, loaded]) => [name, toService(name, loaded, volumes)]))
}

/** What Compose's loader makes of a file, as JSON; throws with its words where the file is wrong. Paths are from the file's folder. */
export function loadCompose(file: string): string {
  return execFileSync(linters().composeLoader, ['-format', 'json', file], { cwd: path.dirname(file), encoding: 'utf8' })
}

function toService(name: string, loaded: Loaded, volumes: string): ComposeService {
  const image = readImage()
  const isOurs = loaded.image.startsWith('hangup:')
  // An entrypoint of the file takes the image's command away, too.
  const command = loaded.command ?? (isOurs && !loaded.entrypoint ? image.command : [])
  const mounts = Object.fromEntries(
    (loaded.volumes ?? []).map(({ type, source, target }) => {
      const place = type === 'volume' ? path.join(volumes, source) : source
      if (type === 'volume') fs.mkdirSync(place, { recursive: true })
      return [target, place]
    }),
  )
  return {
    name,
    command: [...(loaded.entrypoint ?? (isOurs ? image.entrypoint : [])), ...command],
    environment: { ...(isOurs && image.environment), ...loaded.environment },
    mounts,
    health: loaded.healthcheck?.test?.slice(1) ?? (isOurs ? image.health : []),
    needs: Object.keys(loaded.depends_on ?? {}),
  }
}
