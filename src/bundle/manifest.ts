import type { Entry } from './entry.js'
import { textEntry } from './entry.js'
import type { TimeRange } from './log-files.js'
import type { MaskReason } from './mask-settings.js'

/** Something that was taken out of a file, or masked in it. */
export interface Masked {
  /** Name of the entry, or of a folder for all that are in it. */
  readonly file: string
  /** A setting; absent: the file as a whole. */
  readonly setting?: string
  readonly why: string
}

export interface Contents {
  /** What the answers, configuration, logs and captures are, in the order of the archive. */
  readonly entries: readonly Entry[]
  readonly masked: readonly Masked[]
  /** What was asked for, or is usual, and is not in it. */
  readonly leftOut: readonly string[]
  readonly warnings: readonly string[]
}

export interface ManifestInput extends Contents {
  readonly madeAt: Date
  readonly version: string
  readonly range: TimeRange
}

/** What `MANIFEST.json` holds; `--json` prints it. */
export interface Manifest {
  readonly made_at: string
  readonly hangup: string
  readonly since: string | null
  readonly until: string | null
  readonly files: readonly { readonly name: string; readonly bytes: number; readonly sha256: string }[]
  readonly masked: readonly Masked[]
  readonly left_out: readonly string[]
  readonly warnings: readonly string[]
}

export function manifestOf({ entries, masked, leftOut, warnings, madeAt, version, range }: ManifestInput): Manifest {
  return {
    made_at: madeAt.toISOString(),
    hangup: version,
    since: isoTime(range.sinceMs),
    until: isoTime(range.untilMs),
    files: entries.map(({ name, bytes, sha256 }) => ({ name, bytes, sha256 })),
    masked,
    left_out: leftOut,
    warnings,
  }
}

/** The manifest, checksums in the form of `sha256sum`, and a text for people: first in the archive, so that they are seen first. */
export function manifestEntries(manifest: Manifest, entries: readonly Entry[]): readonly Entry[] {
  const described = [
    textEntry('README.txt', readme(manifest)),
    textEntry('MANIFEST.json', `${JSON.stringify(manifest, null, 2)}\n`),
  ]
  const sums = [...described, ...entries].map(({ name, sha256 }) => `${sha256}  ${name}\n`).join('')
  return [...described, textEntry('SHA256SUMS', sums)]
}

/** In words, for the manifest. */
export const REASONS: Readonly<Record<MaskReason, string>> = {
  secret_name: 'its name is that of a secret',
  in_url: 'user, password, query or token in a URL',
  pem: 'key or certificate (PEM)',
  unknown_text: 'a text of unknown meaning that could be a secret',
  unknown_kind: 'neither text nor number',
}

/** What is done to every log, in words. */
export const LOG_RULES =
  'API keys became keyed hashes (key:…); query strings, fragments and what looks like a token in paths and texts, passwords in ' +
  'URLs, headers and settings that the gateway writes at debug are left out or ***'

export const CAPTURE_RULES = 'packets end behind their TCP header: nothing of what was sent is in it'

const isoTime = (timeMs: number | null): string | null => (timeMs === null ? null : new Date(timeMs).toISOString())

function readme({ made_at, hangup, since, until, warnings, left_out }: Manifest): string {
  const lines = [
    `Diagnostics of an Apigee Edge Microgateway, collected by hangup ${hangup} at ${made_at}.`,
    `Time of the logs: ${since ?? 'their beginning'} to ${until ?? 'their end'}.`,
    '',
    'report.txt, report.json          how often requests failed, for which targets, since when, why, what to change',
    'keepalive-check.txt, .json       which side closes idle connections first, at every hop',
    "system.json                      operating system, its TCP keep-alive, versions of Node, hangup and the gateway's packages",
    "configuration/                   the gateway's configuration, secrets masked",
    'logs/                            its logs, secrets masked',
    'captures/                        packet captures, headers only',
    'MANIFEST.json                    every file with its checksum; what was masked, and why',
    'SHA256SUMS                       check with: sha256sum -c SHA256SUMS',
    '',
    'Addresses of clients and targets, names of hosts, APIs and products are in it. Secrets were masked by rules: look it through',
    'before you send it on.',
  ]
  return [...lines, ...section('Warnings', warnings), ...section('Not in it', left_out), ''].join('\n')
}

function section(title: string, texts: readonly string[]): readonly string[] {
  return texts.length === 0 ? [] : ['', `${title}:`, ...texts.map((text) => `- ${text}`)]
}
