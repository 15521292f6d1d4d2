import type { Description } from './description.js'
import {
  FORMAT_TITLES,
  placeText,
  type ServerFile,
  type ServerFormat,
  type ServerSetting,
} from './files/server-file.js'
import { type Idle, type IdleFact, unknown } from './idle.js'

/** One party of a chain, with all that is known of how it deals with idle connections. */
export interface Peer {
  readonly title: string
  /** Towards whoever sends it requests. */
  readonly receives: IdleFact
  /** Towards whom it sends requests. */
  readonly sends: IdleFact
  /** It hands on bytes, no requests, and drops connections that are idle for so long; null: it takes part itself. */
  readonly limitMs: number | null
  /** Requests after which it closes a connection and says so; null: none, or not known. */
  readonly maxRequests: number | null
}

export interface PeerSurroundings {
  /** Port of the listener, or of the servers behind, that is asked for; null: any. */
  readonly port: number | null
  readFile(format: ServerFormat, path: string): ServerFile
}

/** What a description says of a party. Throws what `readFile` throws. */
export function peerOf(description: Description, { port, readFile }: PeerSurroundings): Peer {
  switch (description.kind) {
    case 'time': {
      const fact: IdleFact = { idle: description.idle, source: 'given', from: 'given' }
      return { title: '', receives: fact, sends: fact, limitMs: null, maxRequests: null }
    }
    case 'server':
      return knownPeer(description)
    case 'file': {
      const file = readFile(description.format, description.path)
      const title = FORMAT_TITLES[description.format]
      const receives = choose(file.receives, port, 'least')
      return {
        title,
        receives: factOf(receives, `${title} has no listener in this file`),
        sends: factOf(
          choose(file.sends, port, 'most'),
          `nothing in this file says when ${title} drops its connections`,
        ),
        limitMs: null,
        maxRequests: receives?.maxRequests ?? null,
      }
    }
  }
}

function knownPeer({ server, idle }: Extract<Description, { kind: 'server' }>): Peer {
  const fact = (byDefault: Idle | undefined): IdleFact => {
    if (idle !== null) return { idle, source: 'given', from: 'given' }
    if (byDefault === undefined) return unknown(`not known of ${server.title}`)
    return { idle: byDefault, source: 'default', from: `default of ${server.title}: ${server.basis}` }
  }
  const isLimit = server.limitMs !== undefined
  return {
    title: server.title,
    receives: isLimit ? unknown('it only hands bytes on') : fact(server.receives),
    sends: isLimit ? unknown('it only hands bytes on') : fact(server.sends),
    limitMs: isLimit ? (idle?.kind === 'after' ? idle.ms : (server.limitMs ?? null)) : null,
    maxRequests: server.maxRequests ?? null,
  }
}

/**
 * Of several settings the one that matters: those of the port, if any is of it, and of these the worst: the first to
 * close as a receiver, the last to give up as a sender. What is not known might be worse still.
 */
export function choose(
  settings: readonly ServerSetting[],
  port: number | null,
  worse: 'least' | 'most',
): ServerSetting | undefined {
  const ofPort = settings.filter(({ ports }) => port !== null && ports.has(port))
  const ranked = (ofPort.length > 0 ? ofPort : settings).map((setting) => ({
    setting,
    rank: RANKS[worse](setting.idle),
  }))
  return ranked.reduce<(typeof ranked)[number] | undefined>(
    (best, each) => (best === undefined || each.rank < best.rank ? each : best),
    undefined,
  )?.setting
}

const RANKS: Readonly<Record<'least' | 'most', (idle: Idle) => number>> = {
  least: (idle) =>
    rankOf(idle, { unknown: -1, after: (ms) => ms, never: Number.MAX_VALUE, no_reuse: Number.POSITIVE_INFINITY }),
  most: (idle) =>
    rankOf(idle, { unknown: Number.NEGATIVE_INFINITY, after: (ms) => -ms, never: -Number.MAX_VALUE, no_reuse: 1 }),
}

function rankOf(
  idle: Idle,
  ranks: { readonly unknown: number; readonly never: number; readonly no_reuse: number; after(ms: number): number },
): number {
  return idle.kind === 'after' ? ranks.after(idle.ms) : ranks[idle.kind]
}

function factOf(setting: ServerSetting | undefined, absent: string): IdleFact {
  if (setting === undefined) return unknown(absent)
  if (setting.idle.kind === 'unknown') return unknown(`${placeText(setting)}: ${setting.why ?? 'not known'}`)
  return { idle: setting.idle, source: setting.line === null ? 'default' : 'file', from: placeText(setting) }
}
