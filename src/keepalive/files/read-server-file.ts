import { closeSync, constants, fstatSync, openSync, readdirSync, readSync, statSync } from 'node:fs'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { ConfigError, systemCode } from '../../errors.js'
import { parseApache } from './apache.js'
import { parseHaproxy } from './haproxy.js'
import { parseNginx } from './nginx.js'
import { faultIn, type Include, type ServerFile, type ServerFormat } from './server-file.js'
import { parseTomcat } from './tomcat.js'
import { matchesWildcard } from './wildcard.js'

/** Real ones are far smaller; more of it is another file by mistake, or an attempt to fill the memory. */
const MAX_BYTES = 4 * 1024 * 1024
const MAX_FILES = 500
const MAX_NESTED = 10

/**
 * Reads the configuration of a server and, of nginx and Apache, what it includes. Reads regular files only, so that
 * nothing blocks. Throws `ConfigError`, with file and line where there is one.
 */
export function readServerFile(format: ServerFormat, path: string): ServerFile {
  const file = resolve(path)
  const source = { file, text: readText(file, (reason) => unreadable(path, reason)) }
  switch (format) {
    case 'nginx':
      return parseNginx(source, includesOf('nginx', file))
    case 'apache':
      return parseApache(source, includesOf('apache', file))
    case 'haproxy':
      return parseHaproxy(source)
    case 'tomcat':
      return parseTomcat(source)
  }
}

function unreadable(path: string, reason: string): ConfigError {
  return new ConfigError(`cannot read the configuration of a server: ${path}: ${reason}`, {
    code: 'config',
    hint: 'give the path of its file, one that this user may read',
  })
}

/** Includes are relative to the directory of the main file, as nginx has it, and Apache where no ServerRoot is set. */
function includesOf(format: ServerFormat, mainFile: string): Include {
  const directory = dirname(mainFile)
  const depths = new Map<string, number>([[mainFile, 0]])
  let files = 0
  let bytes = 0
  return (pattern, from, { mayBeAbsent }) => {
    const fault = (reason: string): ConfigError => faultIn(format, from, reason)
    const depth = (depths.get(from.file) ?? 0) + 1
    if (depth > MAX_NESTED) throw fault('includes are nested too deeply: does a file include itself?')
    const found = filesOf(isAbsolute(pattern) ? pattern : join(directory, pattern), fault)
    if (found === null && mayBeAbsent) return []
    if (found === null) throw fault('the included file is not there')
    files += found.length
    if (files > MAX_FILES) throw fault('too many files are included')
    return found.map((file) => {
      const text = readText(file, (reason) => fault(`cannot read the included file: ${reason}`))
      bytes += text.length
      if (bytes > MAX_BYTES) throw fault('the included files are far too large')
      depths.set(file, Math.max(depth, depths.get(file) ?? 0))
      return { file, text }
    })
  }
}

/** Files that a pattern names, in the order of their names; null where a file without wildcard is not there. */
function filesOf(pattern: string, fault: (reason: string) => ConfigError): readonly string[] | null {
  const cut = pattern.lastIndexOf('/')
  const [folder, name] = [pattern.slice(0, cut), pattern.slice(cut + 1)]
  if (/[*?[]/.test(folder)) throw fault('wildcards are read in the last part of a path only')
  if (!/[*?[]/.test(name)) {
    const found = statOf(pattern)
    if (found === undefined) return null
    return found.isDirectory() ? listOf(pattern).map((each) => join(pattern, each)) : [pattern]
  }
  return listOf(folder)
    .filter((each) => !each.startsWith('.') && matchesWildcard(each, name))
    .map((each) => join(folder, each))
}

function listOf(directory: string): readonly string[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isFile() || entry.isSymbolicLink())
      .map(({ name }) => name)
      .sort()
  } catch {
    return []
  }
}

function statOf(path: string) {
  try {
    return statSync(path, { throwIfNoEntry: false })
  } catch {
    return undefined
  }
}

/** Never blocks, and never reads more than the bound, whatever the name stands for (pipes, devices, /proc). */
function readText(file: string, failure: (reason: string) => ConfigError): string {
  let descriptor: number
  try {
    descriptor = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    throw failure(systemCode(error) === 'ENOENT' ? 'no such file' : (systemCode(error) ?? 'unreadable'))
  }
  try {
    if (!fstatSync(descriptor).isFile()) throw failure('not a regular file')
    const bytes = Buffer.allocUnsafe(MAX_BYTES + 1)
    let length = 0
    for (let read = -1; read !== 0 && length < bytes.length; length += read) {
      read = readSync(descriptor, bytes, length, bytes.length - length, null)
    }
    if (length > MAX_BYTES) throw failure('far too large')
    return bytes.toString('utf8', 0, length)
  } catch (error) {
    throw error instanceof ConfigError ? error : failure(systemCode(error) ?? 'unreadable')
  } finally {
    closeSync(descriptor)
  }
}
