import { endOfWholeLines, firstTimestamp, HEAD_BYTES, isGzip, isLog } from '../content.js'
import { inputNotALog } from '../input-problems.js'
import { readFully } from '../read-fully.js'
import type { FileCheckpoint } from './file-checkpoint.js'
import { Head, hasContent, isCopyOf, parseIdentity, parseTrail, readerOf } from './file-identity.js'
import { FollowedFile } from './followed-file.js'
import type { OpenHandles } from './open-handles.js'
import { RestingHandle } from './resting-handle.js'

export interface OpenOptions {
  readonly path: string
  readonly maxLineBytes: number
  readonly handles: OpenHandles
}

/** Opens a file that nothing is known of. Null where it is not to be followed: gzip does not grow. Throws as `openLog`. */
export async function openNew(
  options: OpenOptions & { readonly start: 'beginning' | 'end' },
): Promise<FollowedFile | null> {
  return openLog(options.path, (handle) => followNew(handle, options))
}

/** Follows an open file that nothing is known of. The handle belongs to the file from now on. */
export async function followNew(
  handle: RestingHandle,
  options: OpenOptions & { readonly start: 'beginning' | 'end' },
): Promise<FollowedFile> {
  return follow(handle, options, null, await startOf(handle, options))
}

/**
 * Opens a file where one of the checkpoints says: that of this very file, or (`as: 'content'`) of one with the same content,
 * which it is a copy of or which has another inode now. Null where there is none. Throws as `openLog`.
 */
export async function openResumed(
  options: OpenOptions & { readonly resume: readonly FileCheckpoint[]; readonly as: 'file' | 'content' },
): Promise<FollowedFile | null> {
  return openLog(options.path, async (handle, bytes) => {
    const head = new Head(bytes)
    for (const checkpoint of options.resume) {
      if (await isOf(handle, head, checkpoint, options.as)) return resumeIn(handle, options, checkpoint)
    }
    return null
  })
}

/** Follows an open file from the floor of its checkpoint on. The handle belongs to the file from now on. */
export async function resumeIn(
  handle: RestingHandle,
  options: OpenOptions,
  checkpoint: FileCheckpoint,
): Promise<FollowedFile> {
  return follow(handle, options, checkpoint, Math.min(checkpoint.floor, handle.look().sizeBytes))
}

/** `use` is given how the file begins, too. Throws `InputError` for what is no log, a system error for what cannot be opened. */
async function openLog(
  path: string,
  use: (handle: RestingHandle, bytes: Uint8Array) => Promise<FollowedFile | null>,
): Promise<FollowedFile | null> {
  const handle = await RestingHandle.open(path)
  let file: FollowedFile | null = null
  try {
    const head = await readBeginning(handle)
    if (isGzip(head)) return null
    if (!isLog(head)) throw inputNotALog(path)
    file = await use(handle, head)
    return file
  } finally {
    if (file === null) await handle.close()
  }
}

async function isOf(
  handle: RestingHandle,
  head: Head,
  checkpoint: FileCheckpoint,
  as: 'file' | 'content',
): Promise<boolean> {
  const identity = parseIdentity(checkpoint.identity)
  if (identity === null || !head.beginsAs(identity)) return false
  const trail = checkpoint.trail === undefined ? null : parseTrail(checkpoint.trail)
  if (as === 'content') return isCopyOf(readerOf(handle), identity, trail)
  if (handle.inode !== identity.inode || !(await hasContent(readerOf(handle), identity, trail))) return false
  return trail !== null || handle.look().sizeBytes >= checkpoint.storedThrough
}

async function follow(
  handle: RestingHandle,
  { path, maxLineBytes, handles }: OpenOptions,
  resumed: FileCheckpoint | null,
  startOffset: number,
): Promise<FollowedFile> {
  await handle.joinTurns(handles)
  const head = await readBeginning(handle)
  const identity = new Head(head).identity(handle.inode)
  const beganAt = firstTimestamp(head) ?? ''
  const file = new FollowedFile({ path, resumed, handle, identity, beganAt, startOffset, maxLineBytes })
  await file.lookBack()
  await file.refresh()
  return file
}

async function readBeginning(handle: RestingHandle): Promise<Uint8Array> {
  const buffer = Buffer.alloc(HEAD_BYTES)
  return buffer.subarray(0, await readFully(handle, buffer, 0))
}

/** The end is the start of the line that is being written. */
async function startOf(
  handle: RestingHandle,
  { start, maxLineBytes }: OpenOptions & { readonly start: 'beginning' | 'end' },
): Promise<number> {
  if (start === 'beginning') return 0
  const { sizeBytes: size } = handle.look()
  const tail = Buffer.alloc(Math.min(size, maxLineBytes))
  const from = size - tail.length
  const cut = endOfWholeLines(tail.subarray(0, await readFully(handle, tail, from)))
  return cut === 0 && from > 0 ? size : from + cut
}
