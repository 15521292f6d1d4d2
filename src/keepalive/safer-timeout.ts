/**
 * An idle timeout for the gateway's side that is safely below the target's: a second of margin for the way and for busy event
 * loops, or half where the target's is short.
 */
export function saferTimeoutMs(lowestMs: number): number {
  const safer = lowestMs >= 2_000 ? lowestMs - 1_000 : lowestMs / 2
  return Math.max(1, safer >= 1_000 ? Math.floor(safer / 100) * 100 : Math.floor(safer))
}
