import { z } from 'zod'
import type { Committed } from './contract.js'

const floorSchema = z.object({ floor: z.number().int().nonnegative() })

/** A floor as it rides in the metadata of a commit. */
export function floorMetadata(floor: number): string {
  return JSON.stringify({ floor })
}

/** The offset to begin at so that all open state is rebuilt; where somebody else has committed, what he committed. */
export function floorOf({ offset, metadata }: Committed): number {
  let content: unknown = null
  try {
    content = JSON.parse(metadata)
  } catch {
    return offset
  }
  const parsed = floorSchema.safeParse(content)
  return parsed.success ? Math.min(parsed.data.floor, offset) : offset
}
