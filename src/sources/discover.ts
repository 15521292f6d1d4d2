import type { Dirent } from 'node:fs'
import { access, constants, readdir, realpath, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { glob, isDynamicPattern } from 'tinyglobby'
import { InputError } from '../errors.js'
import { inputProblem } from './input-problems.js'

/** `edgemicro-….log` and its rotations, packed or not. */
const GATEWAY_LOG = /^edgemicro-.*\.log(?:[.-].*)?$/s
const ANY_LOG = /\.log/
/** Half of a file that kubelet is packing, or that logrotate once was. */
const UNFINISHED = /\.tmp$|\.gz-\d{10}\.backup$/

export interface DiscoveredLogs {
  /** In the order of the inputs, by name within one; each file once, however often and under whatever links it is named. */
  readonly paths: readonly string[]
  /** Whether `-` was among the inputs. */
  readonly stdin: boolean
}

export interface DiscoverOptions {
  /** Files, globs, directories, `-`. */
  readonly inputs: readonly string[]
  /** As for `expandInput`. */
  readonly include?: readonly string[]
  /** Files and globs to leave out. */
  readonly exclude?: readonly string[]
  /** Told of each input that gives nothing while another one gives something. */
  readonly onProblem: (problem: InputError) => void
}

/**
 * Finds the files that inputs name. A directory stands for the gateway logs in it (not below it), or for all its
 * `*.log*` files where it holds none. Throws `InputError` where no input gives anything.
 */
export async function discoverLogFiles({
  inputs,
  include,
  exclude = [],
  onProblem,
}: DiscoverOptions): Promise<DiscoveredLogs> {
  const pathsByRealPath = new Map<string, string>()
  const problems: InputError[] = []
  const excluded = await expandExcluded(exclude)
  for (const input of inputs.filter((input) => input !== '-')) {
    try {
      for (const path of await expandInput(input, include)) {
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

/**
 * The files that one input names, sorted. With `include`, a directory stands for those files in it that match one of these globs, which
 * begin in the directory. Throws `InputError` where it names none, or one that may not be read.
 */
export async function expandInput(input: string, include: readonly string[] = []): Promise<readonly string[]> {
  const stats = await stat(input).catch((error) => {
    if (isDynamicPattern(input)) return null
    throw inputProblem(input, error)
  })
  if (stats === null) return expandGlob(input)
  if (stats.isDirectory()) return include.length > 0 ? expandIncluded(input, include) : expandDirectory(input)
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

async function expandIncluded(directory: string, include: readonly string[]): Promise<readonly string[]> {
  const paths = await glob([...include], { cwd: directory, absolute: true, expandDirectories: false })
  const files = paths.filter((path) => dirname(path) === resolve(directory) && !UNFINISHED.test(path))
  if (files.length > 0) return files.sort()
  throw new InputError(`no file to include in directory: ${directory}`, {
    code: 'input_not_found',
    hint: 'check source.tail.include: a glob that does not begin with / begins in the directory',
  })
}

async function expandDirectory(directory: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch((error) => {
    throw inputProblem(directory, error)
  })
  const files = (await onlyFiles(directory, entries)).sort()
  const gatewayLogs = files.filter((name) => GATEWAY_LOG.test(name))
  const logs = gatewayLogs.length > 0 ? gatewayLogs : files.filter((name) => ANY_LOG.test(name))
  if (logs.length > 0) return logs.map((name) => join(directory, name))
  throw new InputError(`no log files in directory: ${directory}`, {
    code: 'input_not_found',
    hint: 'the gateway writes edgemicro-*.log to /var/tmp or to its logging.dir; files of other names must be given by name',
  })
}

/** Names of what may be logs. */
async function onlyFiles(directory: string, entries: readonly Dirent[]): Promise<string[]> {
  const files: string[] = []
  for (const entry of entries) {
    const { name } = entry
    if (!ANY_LOG.test(name) || UNFINISHED.test(name)) continue
    if (entry.isFile() || (!entry.isDirectory() && (await leadsToFile(join(directory, name))))) files.push(name)
  }
  return files
}

/** A link may; one that dangles, or a file that went away meanwhile, does not. Nor do all file systems tell what an entry is. */
async function leadsToFile(path: string): Promise<boolean> {
  const stats = await stat(path).catch(() => null)
  return stats?.isFile() === true
}
