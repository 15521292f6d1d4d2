import { resolve } from 'node:path'
import { endOfWholeLines, HEAD_BYTES, isGzip, isLog } from '../content.js'
import { inputNotALog } from '../input-problems.js'
import { readLogFileName } from '../log-file-name.js'
import { readFully } from '../read-fully.js'
import type { FileCheckpoint } from './file-checkpoint.js'
import { type FileIdentity, hasIdentity, identify, parseIdentity } from './file-identity.js'
import { FollowedFile } from './followed-file.js'
import type { LogHandle } from './log-handle.js'
import type { OpenHandles } from './open-handles.js'
import { RestingHandle } from './resting-handle.js'

export interface OpenOptions {
  readonly path: string
  /** Checkpoints of files that were not found yet; one of them may be of this file. */
  readonly resume: readonly FileCheckpoint[]
  /** Where a file without a checkpoint begins; `nowhere`: such a file is not followed. */
  readonly start: 'beginning' | 'end' | 'nowhere'
  readonly maxLineBytes: number
  readonly handles: OpenHandles
}

export interface Opened {
  readonly file: FollowedFile
  readonly resumedFrom: FileCheckpoint | null
  /** True where the file is shorter than its checkpoint says: it was cut while nobody looked. */
  readonly cut: boolean
}

/**
 * Opens a file where its checkpoint says, or else where `start` says. Null for a file that is not to be followed: gzip
 * does not grow. Throws `InputError` for what is no log, a system error for what cannot be opened.
 */
export async function openFollowed(options: OpenOptions): Promise<Opened | null> {
  const handle = await RestingHandle.open(options.path, options.handles)
  try {
    const opened = await follow(handle, options)
    if (opened === null) await handle.close()
    return opened
  } catch (error) {
    await handle.close()
    throw error
  }
}

async function follow(
  handle: RestingHandle,
  { path, resume, start, maxLineBytes }: OpenOptions,
): Promise<Opened | null> {
  const buffer = Buffer.alloc(HEAD_BYTES)
  const head = buffer.subarray(0, await readFully(handle, buffer, 0))
  if (isGzip(head)) return null
  if (!isLog(head)) throw inputNotALog(path)
  const checkpoint = await findCheckpoint(handle, resume)
  if (checkpoint === null && start === 'nowhere') return null
  const { sizeBytes: size } = handle.look()
  const cut = checkpoint !== null && size < checkpoint.storedThrough
  const file = new FollowedFile({
    path,
    knownAs: checkpoint ?? { path, partition: readLogFileName(resolve(path)).partition },
    handle,
    identity: await identify(handle),
    startOffset: cut ? 0 : (checkpoint?.floor ?? (await startOf({ handle, size, start, maxLineBytes }))),
    maxLineBytes,
  })
  await file.refresh()
  return { file, resumedFrom: checkpoint, cut }
}

async function findCheckpoint(handle: LogHandle, resume: readonly FileCheckpoint[]): Promise<FileCheckpoint | null> {
  for (const checkpoint of resume) {
    const identity: FileIdentity | null = parseIdentity(checkpoint.identity)
    if (identity !== null && (await hasIdentity(handle, identity))) return checkpoint
  }
  return null
}

interface StartOptions {
  readonly handle: LogHandle
  readonly size: number
  readonly start: OpenOptions['start']
  readonly maxLineBytes: number
}

/** The end is the start of the line that is being written. */
async function startOf({ handle, size, start, maxLineBytes }: StartOptions): Promise<number> {
  if (start === 'beginning') return 0
  const tail = Buffer.alloc(Math.min(size, maxLineBytes))
  const from = size - tail.length
  const cut = endOfWholeLines(tail.subarray(0, await readFully(handle, tail, from)))
  return cut === 0 && from > 0 ? size : from + cut
}
