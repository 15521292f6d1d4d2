import fs from 'node:fs'
import path from 'node:path'
import { entryFile, projectDirectory } from '../cli.js'
import { readImage } from './dockerfile.js'
import { type Running, startProcess, until } from './process.js'

export interface ContainerOptions {
  /** Where its root file system is put together: an empty folder. */
  readonly root: string
  /** Folders of this machine by the paths at which it sees them. */
  readonly mounts?: Readonly<Record<string, string>>
  readonly environment?: Readonly<Record<string, string>>
  /** In place of the image's entrypoint and its command. */
  readonly entrypoint?: readonly string[]
  readonly command?: readonly string[]
}

export interface Container extends Running {
  /** Of its process 1, as this machine numbers it. */
  mainPid(): Promise<number>
}

/**
 * Starts the image's command as a container engine would, without one: the layout of the image's last stage, read-only, its
 * user, no capabilities, its own process 1. The network is this machine's. Needs Linux, and to be root.
 */
export function startContainer(name: string, options: ContainerOptions): Container {
  if (process.getuid?.() !== 0) throw new Error('namespaces are made as root: run this suite as root')
  const image = readImage()
  const [user] = image.user.split(':')
  const places = Object.entries(options.mounts ?? {}).map(([seen, place]) => `${place}:${seen}`)
  const variables = Object.entries({ ...image.environment, ...options.environment })
  const running = startProcess(
    name,
    [
      ...['unshare', '--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child'],
      ...['sh', path.join(projectDirectory, 'test/support/deploy/contained.sh')],
      ...[options.root, process.execPath, projectDirectory],
      ...[
        fs.realpathSync(path.join(projectDirectory, 'node_modules')),
        path.resolve(path.dirname(entryFile), '..'),
        user,
      ],
      ...[...places, '--', ...variables.map(([variable, value]) => `${variable}=${value}`)],
      ...(options.entrypoint ?? image.entrypoint),
      ...(options.command ?? image.command),
    ],
    { cwd: projectDirectory },
  )
  return { ...running, mainPid: () => mainPidOf(running) }
}

/** `unshare` has one child, which becomes the command. */
async function mainPidOf(running: Running): Promise<number> {
  let children = ''
  await until(
    `the process of ${running.name}`,
    () => {
      children = fs.readFileSync(`/proc/${running.pid}/task/${running.pid}/children`, 'utf8').trim()
      return children !== ''
    },
    running,
  )
  return Number(children)
}
