import { link, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { PermanentError, systemCode } from '../errors.js'

/** Paths of the locks that this very process holds. */
const held = new Set<string>()

/**
 * A file that holds the pid of the one process which may use some state. The lock of a process that died is taken
 * over. Pids mean something on one machine (and in one container) only: it does not guard a directory shared by several.
 */
export class StateLock {
  private constructor(private readonly path: string) {}

  /** Throws `PermanentError` (`state_locked`) where a living process holds the lock; system errors pass. */
  static async acquire(lockPath: string): Promise<StateLock> {
    const path = resolve(lockPath)
    if (held.has(path)) throw lockedBy(process.pid, path)
    held.add(path)
    try {
      while (!(await create(path))) await removeIfStale(path)
      return new StateLock(path)
    } catch (error) {
      held.delete(path)
      throw error
    }
  }

  async release(): Promise<void> {
    if (!held.delete(this.path)) return
    await rm(this.path, { force: true })
  }
}

/** By linking a file that holds the pid already: nobody ever sees an empty lock. */
async function create(path: string): Promise<boolean> {
  const own = `${path}.${process.pid}`
  await writeFile(own, `${await describe(process.pid)}\n`)
  try {
    await link(own, path)
    return true
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false
    throw error
  } finally {
    await rm(own, { force: true })
  }
}

async function removeIfStale(path: string): Promise<void> {
  const holder = await readHolder(path)
  if (holder === null) return
  if (await isAlive(holder)) throw lockedBy(pidOf(holder), path)
  // Two processes may find the same stale lock: each moves away only what it judged, or puts it back.
  const aside = `${path}.stale-${process.pid}`
  await rename(path, aside).catch(ignoreMissing)
  const moved = await readHolder(aside)
  if (moved !== null && moved !== holder && (await isAlive(moved))) {
    await link(aside, path).catch(() => {})
    await rm(aside, { force: true })
    throw lockedBy(pidOf(moved), path)
  }
  await rm(aside, { force: true })
}

async function readHolder(path: string): Promise<string | null> {
  const text = await readFile(path, 'utf8').catch(ignoreMissing)
  return text === null ? null : text.trim()
}

/** A lock of our own pid that we do not hold is left over from another life (every container starts at the same pids). */
async function isAlive(holder: string): Promise<boolean> {
  const pid = pidOf(holder)
  if (!Number.isSafeInteger(pid) || pid <= 0 || pid === process.pid) return false
  try {
    process.kill(pid, 0)
  } catch (error) {
    // EPERM: alive, and another user's.
    if (systemCode(error) !== 'EPERM') return false
  }
  // A pid may have gone to another process since, after a reboot for one.
  return !holder.includes(' ') || (await describe(pid)) === holder
}

function pidOf(holder: string): number {
  return Number(holder.split(' ')[0])
}

/** `<pid> <start time>`; without the start time where the system does not tell (field 22 of proc(5) `stat`). */
async function describe(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null)
  const startTicks = text?.slice(text.lastIndexOf(')') + 2).split(' ')[19]
  return startTicks === undefined ? String(pid) : `${pid} ${startTicks}`
}

function ignoreMissing(error: unknown): null {
  if (systemCode(error) === 'ENOENT') return null
  throw error
}

function lockedBy(pid: number, path: string): PermanentError {
  return new PermanentError(`state is in use by another process: ${path}`, {
    code: 'state_locked',
    hint: `process ${pid} runs this pipeline: stop it, or give this one another name or state.directory`,
  })
}
