import { createHash } from 'node:crypto'
import { ByteMap } from '../../byte-map.js'
import { decode } from '../../event-view.js'
import type { LineSource } from '../../records.js'
import { sourceAt } from '../log-file-name.js'
import type { BlockBuilder } from './block-builder.js'

/** A source of lines in one partition of the topic, and what is collected for it while a batch is read. */
export interface MessageSource {
  /** For lines whose place in their file is not known. */
  readonly source: LineSource
  /** For lines with their place in the file: there the begin of a gateway process can be seen. */
  readonly placed: LineSource
  /** The same for those that our own agent sent. */
  readonly shipped: LineSource
  /** True where the lines belong to a file whose path is known. */
  readonly isFile: boolean
  block: BlockBuilder | null
  /** The newest message's time. */
  lastMs: number
}

export interface MessageSourcesOptions {
  readonly topic: string
  readonly partition: number
  readonly maxSources: number
}

/** A source without messages for so long, by their timestamps, makes room for new ones. */
const IDLE_MS = 60 * 60_000
/** A search for idle ones that gives back a smaller share of the places than this is not soon made again. */
const WORTHWHILE = 1 / 8

/**
 * The sources of one partition of the topic, by path and host. Their names are an attacker's where he can write to the
 * topic, so there is an end to them: what is beyond `maxSources` belongs to the source without a name.
 *
 * The partition of a source is `<topic>/<kafka partition>/<partition of the file>`; where the host is known and stands not
 * in the file's name, `…/<host>:<partition of the file>`, since files of many hosts have the same path.
 */
export class MessageSources {
  /** For messages that tell no file. */
  readonly unnamed: MessageSource
  readonly #place: string
  readonly #maxSources: number
  /** By partition and path: what names the same source differently is one, so that its lines keep their order. */
  readonly #sources = new Map<string, MessageSource>()
  /** The same by host and path as they came. */
  readonly #byName = new Map<string, MessageSource>()
  /** The same by the bytes of path and host: no strings are made for a message of a known source. */
  readonly #byBytes: ByteMap<MessageSource>
  /** The last headers' source: messages of one file mostly follow each other. */
  #last: MessageSource
  #lastPath: Buffer | undefined
  #lastHost: Buffer | undefined
  #newestMs = Number.NEGATIVE_INFINITY
  #overflowed = 0
  /** Number of names without a place at which idle ones are looked for again. */
  #searchAt = 0

  constructor({ topic, partition, maxSources }: MessageSourcesOptions) {
    this.#place = `${topic}/${partition}`
    this.#maxSources = maxSources
    this.#byBytes = new ByteMap({ maxSize: maxSources })
    this.unnamed = messageSource({ path: this.#place, partition: this.#place, gateway: null }, false, false)
    this.#last = this.unnamed
  }

  /** How often a name found no place. */
  get overflowed(): number {
    return this.#overflowed
  }

  ofHeaders(path: Buffer | undefined, host: Buffer | undefined, timestampMs: number): MessageSource {
    if (path === undefined && host === undefined) return this.unnamed
    if (!isSame(path, this.#lastPath) || !isSame(host, this.#lastHost)) {
      const found = this.#ofBytes(path, host, timestampMs)
      if (found === this.unnamed) return found
      this.#last = found
      this.#lastPath = path
      this.#lastHost = host
    }
    return this.#seen(this.#last, timestampMs)
  }

  /** Lets go of the batch's memory. */
  endBatch(): void {
    this.#lastPath = undefined
    this.#lastHost = undefined
  }

  #ofBytes(path: Buffer | undefined, host: Buffer | undefined, timestampMs: number): MessageSource {
    const length = writeKey(path, host)
    const known = length < 0 ? undefined : this.#byBytes.get(headerKey, 0, length)
    if (known !== undefined) return known
    const found = this.of(headerText(path), headerText(host), timestampMs)
    if (length >= 0 && found !== this.unnamed) this.#byBytes.add(headerKey, 0, length, found)
    return found
  }

  of(path: string | null, host: string | null, timestampMs: number): MessageSource {
    if (path === null && host === null) return this.unnamed
    const pathName = path === null ? null : readableName(path)
    const hostName = host === null ? null : readableName(host)
    const name = `${hostName ?? ''}\n${pathName ?? ''}`
    const named = this.#byName.get(name)
    if (named !== undefined) return this.#seen(named, timestampMs)
    const made = this.#make(pathName, hostName)
    const key = keyOf(made)
    const known = this.#sources.get(key)
    if (known === undefined && this.#sources.size >= this.#maxSources && !this.#makeRoom(timestampMs)) {
      this.#overflowed++
      return this.unnamed
    }
    const found = known ?? made
    this.#sources.set(key, found)
    if (this.#byName.size >= this.#maxSources) this.#byName.clear()
    this.#byName.set(name, found)
    return this.#seen(found, timestampMs)
  }

  #seen(source: MessageSource, timestampMs: number): MessageSource {
    source.lastMs = timestampMs
    if (timestampMs > this.#newestMs) this.#newestMs = timestampMs
    return source
  }

  #make(path: string | null, host: string | null): MessageSource {
    if (path === null) {
      const partition = `${this.#place}/${host}:`
      return messageSource({ path: this.#place, partition, gateway: host }, false, false)
    }
    const { partition, gateway, isFirst, goesOn } = sourceAt(path)
    const named = host === null || host === gateway ? partition : `${host}:${partition}`
    // The host of a container's log is a node, which runs many gateways.
    const source = {
      path,
      partition: `${this.#place}/${named}`,
      gateway: goesOn === true ? gateway : (host ?? gateway),
    }
    return messageSource(source, true, isFirst === true)
  }

  /** Forgets idle ones, which costs nothing: a source that comes back is made anew and equal. */
  #makeRoom(timestampMs: number): boolean {
    if (this.#overflowed < this.#searchAt) return false
    const idleMs = Math.max(this.#newestMs, timestampMs) - IDLE_MS
    for (const [key, { lastMs }] of this.#sources) if (lastMs < idleMs) this.#sources.delete(key)
    this.#byName.clear()
    this.#byBytes.clear()
    this.#lastPath = undefined
    this.#lastHost = undefined
    const room = this.#maxSources - this.#sources.size
    if (room < this.#maxSources * WORTHWHILE) this.#searchAt = this.#overflowed + this.#maxSources
    return room > 0
  }
}

/** `<topic>/<kafka partition>` of a partition's name. */
export function topicPartitionOf(name: string): string {
  return name.split('/', 2).join('/')
}

const keyOf = ({ source }: MessageSource): string => `${source.partition}\n${source.path}`

function messageSource(source: LineSource, isFile: boolean, isFirst: boolean): MessageSource {
  const placed = isFirst ? { ...source, isFirst } : source
  return { source, placed, shipped: { ...placed, isWhole: true }, isFile, block: null, lastMs: 0 }
}

const isSame = (left: Buffer | undefined, right: Buffer | undefined): boolean =>
  left === undefined || right === undefined ? left === right : left.equals(right)

/** Reused: length of the path, path, host. */
const headerKey = new Uint8Array(1_024)
const NONE = new Uint8Array(0)

/** Writes the key of a source; its length, or -1 where it is too long to be one. */
function writeKey(path: Uint8Array = NONE, host: Uint8Array = NONE): number {
  const length = path.length + 2 + host.length
  if (length > headerKey.length) return -1
  headerKey[0] = path.length >> 8
  headerKey[1] = path.length & 0xff
  for (let i = 0; i < path.length; i++) headerKey[i + 2] = path[i]
  for (let i = 0; i < host.length; i++) headerKey[path.length + 2 + i] = host[i]
  return length
}

/** The text of a header; an empty one tells nothing. */
export const headerText = (bytes: Uint8Array | undefined): string | null =>
  bytes === undefined || bytes.length === 0 ? null : decode(bytes, 0, bytes.length)

const MAX_NAME_LENGTH = 512
const SHOWN_LENGTH = 128
/** Control characters, direction marks, lone surrogates, what was no UTF-8. */
const UNREADABLE = /[\p{C}\p{Zl}\p{Zp}\ufffd]/u
const ALL_UNREADABLE = new RegExp(UNREADABLE, 'gu')

/** A name that can be shown and kept: of any other one its begin and a digest. */
function readableName(name: string): string {
  if (name.length <= MAX_NAME_LENGTH && !UNREADABLE.test(name)) return name
  const shown = name.slice(0, SHOWN_LENGTH).replace(ALL_UNREADABLE, '?')
  return `${shown}~${createHash('sha256').update(name).digest('hex').slice(0, 16)}`
}
