import fs from 'node:fs'
import path from 'node:path'
import { projectDirectory } from '../cli.js'

export const UNITS = path.join(projectDirectory, 'deploy/systemd')

/** Sections of a unit, with all values of each key in their order. systemd-analyze checks the language. */
export type Unit = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>

export function readUnit(name: string): Unit {
  const unit: Record<string, Record<string, string[]>> = {}
  let section: Record<string, string[]> = {}
  for (const line of fs.readFileSync(path.join(UNITS, name), 'utf8').split('\n')) {
    const [, heading] = /^\[(\w+)\]$/.exec(line) ?? []
    if (heading !== undefined) {
      section = {}
      unit[heading] = section
    } else if (line !== '' && !line.startsWith('#')) {
      const at = line.indexOf('=')
      const values = section[line.slice(0, at)] ?? []
      section[line.slice(0, at)] = values
      values.push(line.slice(at + 1))
    }
  }
  return unit
}

/** Variables of a file for `EnvironmentFile=`. */
export function readEnvironment(name: string): Readonly<Record<string, string>> {
  const lines = fs.readFileSync(path.join(UNITS, name), 'utf8').split('\n')
  const assignments = lines.filter((line) => line !== '' && !line.startsWith('#')).map((line) => line.split(/=(.*)/s))
  return Object.fromEntries(assignments.map(([variable, value]) => [variable, value]))
}

/** The command of a unit and its variables, with `%i` and the like as `specifiers` say, as systemd puts them together. */
export function commandOf(unit: Unit, environmentFile: string, specifiers: Readonly<Record<string, string>>) {
  const { Service } = unit
  const expand = (text: string): string => text.replace(/%(\w)/g, (_, letter) => specifiers[letter] ?? fail(letter))
  const own = Service.Environment.map((each) => expand(each).split(/=(.*)/s)).map(([name, value]) => [name, value])
  const environment: Record<string, string> = { ...Object.fromEntries(own), ...readEnvironment(environmentFile) }
  const command = expand(Service.ExecStart[0])
    .split(' ')
    .map((word) => word.replace(/\$\{(\w+)\}/g, (_, name) => environment[name] ?? ''))
  return { command, environment }
}

function fail(letter: string): never {
  throw new Error(`no value for %${letter}`)
}
