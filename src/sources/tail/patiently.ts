import { setTimeout as sleep } from 'node:timers/promises'

const LOOKS = 4
const LOOK_AGAIN_MS = 25

/**
 * Looks up to four times within a tenth of a second, until `look` resolves to true: a rotator may give what is looked for another
 * name, or pack it, at the same time. Resolves to whether it did.
 */
export async function patiently(look: () => Promise<boolean>): Promise<boolean> {
  for (let looks = 0; looks < LOOKS; looks++) {
    if (looks > 0) await sleep(LOOK_AGAIN_MS)
    if (await look()) return true
  }
  return false
}
