import { type Idle, type IdleFact, UNKNOWN } from './idle.js'

export type Verdict = 'ok' | 'wrong' | 'unknown'

/** Why a hop is as it is. */
export type Reason =
  | 'sender_first'
  | 'no_reuse'
  | 'neither_closes'
  | 'receiver_first'
  | 'limit_first'
  | 'sender_never'
  | 'sender_unknown'
  | 'receiver_unknown'

export type Role = 'client' | 'balancer' | 'gateway' | 'target'

export interface End {
  readonly role: Role
  /** `nginx`, `AWS ALB`; empty where nothing is known but the role. For a target its `host:port`. */
  readonly title: string
  readonly fact: IdleFact
}

/** Something between the ends that drops connections that are idle for so long. */
export interface Limit {
  readonly title: string
  readonly ms: number
}

/** Two parties that share connections: one sends requests, the other one receives them. */
export interface Hop {
  readonly sender: End
  readonly receiver: End
  readonly limits: readonly Limit[]
  readonly verdict: Verdict
  readonly reason: Reason
}

/**
 * The rule at every hop: who sends the next request must give up an idle connection first, and earlier by `marginMs`,
 * so that a request on its way finds it open.
 */
export function judge(ends: Omit<Hop, 'verdict' | 'reason'>, marginMs: number): Hop {
  const [verdict, reason] = judged(ends, marginMs)
  return { ...ends, verdict, reason }
}

function judged(
  { sender, receiver, limits }: Omit<Hop, 'verdict' | 'reason'>,
  marginMs: number,
): readonly [Verdict, Reason] {
  const [sends, receives] = [sender.fact.idle, receiver.fact.idle]
  if (sends.kind === 'no_reuse' || receives.kind === 'no_reuse') return ['ok', 'no_reuse']
  if (sends.kind === 'never') {
    if (receives.kind === 'never' && limits.length === 0) return ['ok', 'neither_closes']
    return ['wrong', receives.kind === 'never' ? 'limit_first' : 'sender_never']
  }
  if (sends.kind === 'unknown') {
    return receives.kind === 'never' && limits.length === 0 ? ['ok', 'neither_closes'] : ['unknown', 'sender_unknown']
  }
  const isTooLate = (ceilingMs: number): boolean => sends.ms + marginMs >= ceilingMs
  if (receives.kind === 'after' && isTooLate(receives.ms)) return ['wrong', 'receiver_first']
  if (limits.some(({ ms }) => isTooLate(ms))) return ['wrong', 'limit_first']
  return receives.kind === 'unknown' ? ['unknown', 'receiver_unknown'] : ['ok', 'sender_first']
}

/** The longest that the sender may keep an idle connection at this hop, not included; null: not known or no bound. */
export function ceilingOf({ receiver, limits }: Pick<Hop, 'receiver' | 'limits'>): number | null {
  const idle: Idle = receiver.fact.idle ?? UNKNOWN
  const ends = [...(idle.kind === 'after' ? [idle.ms] : []), ...limits.map(({ ms }) => ms)]
  return ends.length === 0 ? null : Math.min(...ends)
}
