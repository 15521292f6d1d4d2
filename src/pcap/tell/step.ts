import type { Mark } from '../tcp/flow.js'

/** One packet that matters, and what it says. */
export interface Step {
  /** In the order of the capture; `packet-place.ts` tells file and number. */
  readonly packet: number
  /** Nanoseconds since the capture's base. */
  readonly timeNs: number
  readonly says: string
}

/** Nothing where there is no such packet. */
export const step = (at: Mark | null, says: string): readonly Step[] =>
  at === null ? [] : [{ packet: at.number, timeNs: at.timeNs, says }]

/** In the order of the file; of several on one packet the first stays. */
export function inOrder(steps: readonly (readonly Step[])[]): readonly Step[] {
  const byPacket = new Map<number, Step>()
  for (const each of steps.flat()) if (!byPacket.has(each.packet)) byPacket.set(each.packet, each)
  return [...byPacket.values()].sort((a, b) => a.packet - b.packet)
}

/** `0.4 ms`, `390 ms`, `5.0 s`, `2 min 5 s`. */
export function span(durationNs: number): string {
  const ms = durationNs / 1_000_000
  if (ms < 10) return `${ms.toFixed(1)} ms`
  if (ms < 999.5) return `${Math.round(ms)} ms`
  const seconds = ms / 1_000
  if (seconds < 60) return `${seconds.toFixed(seconds < 9.95 ? 1 : 0)} s`
  const whole = Math.round(seconds)
  return `${Math.floor(whole / 60)} min ${whole % 60} s`
}
