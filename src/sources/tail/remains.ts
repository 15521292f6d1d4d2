import { basename, dirname } from 'node:path'
import { compareRotations, isOrderTold, readLogFileName } from '../log-file-name.js'
import { hasContent, type Known, readerOf } from './file-identity.js'
import { type Found, isCopy, openFound } from './found.js'
import type { Neighbour } from './neighbours.js'

/** A log that is looked for by what it is. */
export interface Wanted extends Pick<Known, 'identity' | 'trail'> {
  /** The name under which it was known. */
  readonly path: string
}

/** What is there of a log that was looked for. */
export interface Remains extends Found {
  /** The first time in it, as text that sorts by time; empty where there is none. */
  readonly beganAt: string
}

/**
 * The log itself under another name among `neighbours`, or else a copy of it, or else what a rotator has packed.
 * The last two are looked for among files whose names begin as its own does. `isTaken` tells inodes that are something else.
 */
export async function findRemains(
  wanted: Wanted,
  neighbours: readonly Neighbour[],
  isTaken: (inode: string) => boolean,
): Promise<Remains | null> {
  const free = neighbours.filter(({ inode }) => !isTaken(inode))
  const { inode } = wanted.identity
  const itself = free.filter((one) => one.inode === inode)
  return (await firstThatIs(wanted, itself)) ?? firstThatIs(wanted, await alike(wanted, free))
}

/** Packed ones last. */
async function alike({ identity, path }: Wanted, neighbours: readonly Neighbour[]): Promise<readonly Neighbour[]> {
  const others: Neighbour[] = []
  const packed: Neighbour[] = []
  for (const one of neighbours) {
    if (one.inode === identity.inode || !isNamedAfter(one.path, path)) continue
    const look = await one.look()
    if (look?.head.beginsAs(identity) === true) (look.isPacked ? packed : others).push(one)
  }
  return [...others, ...packed]
}

async function firstThatIs(wanted: Wanted, neighbours: readonly Neighbour[]): Promise<Remains | null> {
  for (const one of neighbours) {
    const found = await openFound(one.path)
    if (found === null) continue
    if ((await isWanted(found, wanted)) && (!found.isPacked || (await one.isWhole()))) {
      return { ...found, beganAt: (await one.look())?.beganAt ?? '' }
    }
    await found.handle.close()
  }
  return null
}

/**
 * Rotations of a log that came after the one at `rotatedPath` and before the live one of its name, oldest first: they may
 * have been rotated before anybody saw them.
 */
export async function findYounger(
  rotatedPath: string,
  neighbours: readonly Neighbour[],
): Promise<readonly Neighbour[]> {
  const rotated = readLogFileName(rotatedPath)
  const live = { ...rotated.rotation, age: 0, by: null }
  const itself = neighbours.find(({ path }) => path === rotatedPath)
  const since = (await itself?.look())?.beganAt ?? ''
  const younger: { readonly neighbour: Neighbour; readonly beganAt: string }[] = []
  for (const neighbour of neighbours) {
    const { path, writtenMs } = neighbour
    if (path === rotatedPath || dirname(path) !== dirname(rotatedPath)) continue
    const { partition, rotation } = readLogFileName(path)
    if (basename(partition) !== basename(rotated.partition)) continue
    const order = isOrderTold(rotation, rotated.rotation) ? compareRotations(rotation, rotated.rotation) : 0
    if (order < 0 || compareRotations(rotation, live) >= 0) continue
    // Names that hold a day, for instance, say nothing of the order within it.
    if (order === 0 && writtenMs < (itself?.writtenMs ?? 0)) continue
    const beganAt = (await neighbour.look())?.beganAt ?? ''
    if (order > 0 || beganAt > since) younger.push({ neighbour, beganAt })
  }
  return younger.sort((a, b) => (a.beganAt < b.beganAt ? -1 : 1)).map(({ neighbour }) => neighbour)
}

/** A file that is shorter than what was read of it is a copy at most: the file itself would have been cut. */
async function isWanted(found: Found, wanted: Wanted): Promise<boolean> {
  const { identity, trail } = wanted
  // A packed file that is damaged, or not yet whole, is of no use yet.
  if (found.isPacked || found.handle.inode !== identity.inode) return isCopy(found, wanted).catch(() => false)
  return hasContent(readerOf(found.handle), identity, trail)
}

/** Rotators append to a name, or put something before its extension. */
function isNamedAfter(path: string, original: string): boolean {
  return basename(path).startsWith(basename(original).replace(/\.log.*$/, ''))
}
