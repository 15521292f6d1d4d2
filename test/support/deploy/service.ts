import path from 'node:path'
import { projectDirectory } from '../cli.js'
import { type Running, startProcess } from './process.js'

/** What a deployment runs, as it would run there. */
export interface Service {
  readonly name: string
  readonly command: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  /** Folders, or files, of this machine by the path at which the service sees them. */
  readonly mounts: Readonly<Record<string, string>>
}

/** What stands for what: texts of a deployment, such as the names of hosts, and what they are on this machine. */
export type Substitutes = Readonly<Record<string, string>>

/** Starts the command of a service with its environment on this machine, in the project's folder as in the image's `/app`. */
export function startService(service: Service, substitutes: Substitutes): Running {
  const { name, command, environment } = onThisMachine(service, substitutes)
  return startProcess(name, command, { cwd: projectDirectory, environment: { TZ: 'UTC', ...environment } })
}

/** A service with its mounted paths and the texts of `substitutes` replaced in its command and its variables. */
export function onThisMachine(service: Service, substitutes: Substitutes): Service {
  const all = { '/app': projectDirectory, ...service.mounts, ...substitutes }
  // The longer ones first: a mounted folder may lie in another one.
  const texts = Object.keys(all).sort((a, b) => b.length - a.length)
  const pattern = new RegExp(texts.map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|'), 'g')
  const replaced = (text: string): string => text.replace(pattern, (found) => all[found as keyof typeof all])
  return {
    ...service,
    command: service.command.map(replaced),
    environment: Object.fromEntries(
      Object.entries(service.environment).map(([name, value]) => [name, replaced(value)]),
    ),
  }
}

/** Absolute path of a file of the checkout. */
export const ofProject = (...parts: readonly string[]): string => path.join(projectDirectory, ...parts)
