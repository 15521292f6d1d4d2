import { access, constants, readdir, realpath, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { glob, isDynamicPattern } from 'tinyglobby'
import { InputError } from '../errors.js'
import { inputProblem } from './input-problems.js'

/** `edgemicro-….log` and its rotations, packed or not. */
const GATEWAY_LOG = /^edgemicro-.*\.log(?:[.-].*)?$/s
const ANY_LOG = /\.log/
/** Half of a file that kubelet is packing. */
const UNFINISHED = /\.tmp$/

export interface DiscoveredLogs {
  /** In the order of the inputs, by name within one; each file once, however often and under whatever links it is named. */
  readonly paths: readonly string[]
  /** Whether `-` was among the inputs. */
  readonly stdin: boolean
}

export interface DiscoverOptions {
  /** Files, globs, directories, `-`. */
  readonly inputs: readonly string[]
  /** Files and globs to leave out. */
  readonly exclude?: readonly string[]
  /** Told of each input that gives nothing while another one gives something. */
  readonly onProblem: (problem: InputError) => void
}

/**
 * Finds the files that inputs name. A directory stands for the gateway logs in it (not below it), or for all its
 * `*.log*` files where it holds none. Throws `InputError` where no input gives anything.
 */
export async function discoverLogFiles({ inputs, exclude = [], onProblem }: DiscoverOptions): Promise<DiscoveredLogs> {
  const pathsByRealPath = new Map<string, string>()
  const problems: InputError[] = []
  const excluded = await expandExcluded(exclude)
  for (const input of inputs.filter((input) => input !== '-')) {
    try {
      for (const path of await expandInput(input)) {
        if (excluded.has(resolve(path))) continue
        const real = await realpath(path).catch(() => path)
        if (!pathsByRealPath.has(real)) pathsByRealPath.set(real, path)
      }
    } catch (error) {
      problems.push(inputProblem(input, error))
    }
  }
  const stdin = inputs.includes('-')
  if (pathsByRealPath.size === 0 && !stdin && problems.length > 0) throw problems[0]
  problems.forEach(onProblem)
  return { paths: [...pathsByRealPath.values()], stdin }
}

/** The files that one input names, sorted. Throws `InputError` where it names none, or one that may not be read. */
export async function expandInput(input: string): Promise<readonly string[]> {
  const stats = await stat(input).catch((error) => {
    if (isDynamicPattern(input)) return null
    throw inputProblem(input, error)
  })
  if (stats === null) return expandGlob(input)
  if (stats.isDirectory()) return expandDirectory(input)
  await access(input, constants.R_OK).catch((error) => {
    throw inputProblem(input, error)
  })
  return [input]
}

/** Absolute paths of what is there of the files and globs to leave out. */
export async function expandExcluded(exclude: readonly string[]): Promise<ReadonlySet<string>> {
  if (exclude.length === 0) return new Set()
  return new Set(await glob([...exclude], { absolute: true, expandDirectories: false }))
}

async function expandGlob(pattern: string): Promise<readonly string[]> {
  const paths = await glob(pattern, { absolute: true, expandDirectories: false })
  if (paths.length > 0) return paths.sort()
  throw new InputError(`no file matches: ${pattern}`, {
    code: 'input_not_found',
    hint: 'check the pattern; the gateway writes edgemicro-*.log to /var/tmp or to its logging.dir',
  })
}

async function expandDirectory(directory: string): Promise<readonly string[]> {
  const names = await readdir(directory).catch((error) => {
    throw inputProblem(directory, error)
  })
  const files = await onlyFiles(directory, names.sort())
  const gatewayLogs = files.filter((name) => GATEWAY_LOG.test(name))
  const logs = gatewayLogs.length > 0 ? gatewayLogs : files.filter((name) => ANY_LOG.test(name))
  if (logs.length > 0) return logs.map((name) => join(directory, name))
  throw new InputError(`no log files in directory: ${directory}`, {
    code: 'input_not_found',
    hint: 'the gateway writes edgemicro-*.log to /var/tmp or to its logging.dir; files of other names must be given by name',
  })
}

async function onlyFiles(directory: string, names: readonly string[]): Promise<readonly string[]> {
  const files: string[] = []
  for (const name of names) {
    if (!ANY_LOG.test(name) || UNFINISHED.test(name)) continue
    // A dangling link or a file that went away meanwhile is none.
    const stats = await stat(join(directory, name)).catch(() => null)
    if (stats?.isFile() === true) files.push(name)
  }
  return files
}
