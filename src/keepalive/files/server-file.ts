import { basename } from 'node:path'
import { ConfigError } from '../../errors.js'
import { type Idle, NO_REUSE } from '../idle.js'

/** Servers whose files can be read. */
export const SERVER_FORMATS = ['nginx', 'haproxy', 'apache', 'tomcat'] as const

export type ServerFormat = (typeof SERVER_FORMATS)[number]

export const FORMAT_TITLES: Readonly<Record<ServerFormat, string>> = {
  nginx: 'nginx',
  haproxy: 'HAProxy',
  apache: 'Apache httpd',
  tomcat: 'Tomcat',
}

/** A place in a file; the line is counted from 1, and null where a default holds that no line sets. */
export interface FilePlace {
  readonly file: string
  readonly line: number | null
}

/** How one listener of a server, or one group of servers behind it, deals with idle connections. */
export interface ServerSetting extends FilePlace {
  /** Ports that it listens at, or that the servers behind it do; none where the file does not tell. */
  readonly ports: ReadonlySet<number>
  readonly idle: Idle
  /** Requests after which it closes a connection; null: no limit, or not known. */
  readonly maxRequests: number | null
  /** Why the idle time is not known. */
  readonly why?: string
}

/** A server's own configuration, as far as idle connections go. */
export interface ServerFile {
  readonly format: ServerFormat
  readonly file: string
  /** Towards whoever sends it requests. */
  readonly receives: readonly ServerSetting[]
  /** Towards servers behind it. */
  readonly sends: readonly ServerSetting[]
}

export interface SourceText {
  readonly file: string
  readonly text: string
}

/** Gives the files that an include names. Throws `ConfigError`. */
export type Include = (
  pattern: string,
  from: FilePlace,
  options: { readonly mayBeAbsent: boolean },
) => readonly SourceText[]

/** Most of what a file may nest; the parsers are linear, this only bounds what is kept. */
export const MAX_DEPTH = 100

/** The error for a file that its server would not start with. It quotes nothing of the file: there may be a password in it. */
export function faultIn(format: ServerFormat, { file, line }: FilePlace, reason: string): ConfigError {
  return new ConfigError(`invalid ${FORMAT_TITLES[format]} configuration: ${file}:${line ?? 1}: ${reason}`, {
    code: 'config',
    hint: 'name a file that the server itself starts with',
  })
}

/** A count of requests; 1 means that no connection is used again. */
export function withLimit(idle: Idle, maxRequests: number | null): Idle {
  return maxRequests === 1 ? NO_REUSE : idle
}

/** A whole number as the servers write it; null for anything else. */
export function wholeNumber(text: string): number | null {
  return /^\d{1,12}$/.test(text) ? Number(text) : null
}

/** The port at the end of an address; null where there is none. */
export function portOf(address: string): number | null {
  const port = wholeNumber(address.slice(address.lastIndexOf(':') + 1))
  return port !== null && port > 0 && port < 65_536 ? port : null
}

/** `nginx.conf:12`, or `nginx.conf (default)`. */
export function placeText({ file, line }: FilePlace): string {
  return line === null ? `default in ${basename(file)}` : `${basename(file)}:${line}`
}
