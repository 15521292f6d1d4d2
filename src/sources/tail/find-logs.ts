import { readlink } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { isDynamicPattern } from 'tinyglobby'
import type { InputError } from '../../errors.js'
import { isContainerLink } from '../container-log-name.js'
import { expandExcluded, expandInput } from '../discover.js'
import { inputProblem } from '../input-problems.js'

export interface FoundLogs {
  readonly paths: readonly string[]
  /** Where they lie, and where others may turn up. */
  readonly directories: readonly string[]
}

export interface FindLogsInput {
  readonly inputs: readonly string[]
  /** Of a directory, the files to follow: globs that begin in it; all logs where there are none. */
  readonly include: readonly string[]
  /** Files and globs to leave out. */
  readonly exclude: readonly string[]
  readonly onProblem: (problem: InputError) => void
}

/** Files that can grow. Inputs that name nothing are no problem: what they name may come. */
export async function findLogs({ inputs, include, exclude, onProblem }: FindLogsInput): Promise<FoundLogs> {
  const excluded = await expandExcluded(exclude)
  const paths = new Set<string>()
  const directories = new Set<string>()
  for (const input of inputs) {
    directories.add(directoryOf(input))
    for (const path of await expand(input, include, onProblem)) {
      if (excluded.has(path)) continue
      paths.add(path)
      directories.add(dirname(path))
    }
  }
  return { paths: [...paths], directories: [...directories] }
}

async function expand(
  input: string,
  include: readonly string[],
  onProblem: (problem: InputError) => void,
): Promise<readonly string[]> {
  try {
    const paths = await expandInput(input, include)
    return await Promise.all(paths.filter((path) => !path.endsWith('.gz')).map((path) => behindLink(resolve(path))))
  } catch (error) {
    const problem = inputProblem(input, error)
    if (problem.code !== 'input_not_found') onProblem(problem)
    return []
  }
}

/** Where kubelet's link leads: there, what was rotated lies beside. */
async function behindLink(path: string): Promise<string> {
  if (!isContainerLink(path)) return path
  const target = await readlink(path).catch(() => path)
  return resolve(dirname(path), target)
}

/** Of a glob, the part before its first dynamic component. */
function directoryOf(input: string): string {
  let directory = input
  while (isDynamicPattern(directory)) directory = dirname(directory)
  return resolve(directory === input ? dirname(directory) : directory)
}
