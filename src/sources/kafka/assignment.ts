import type { GroupSession } from './group-session.js'

/** What the group has given us last, from the moment that kafkajs has joined until it joins again. */
export interface Assignment {
  readonly session: GroupSession
  readonly partitions: readonly number[]
  /** Resolves when the tenures are known, or the assignment is over. */
  readonly ready: Promise<void>
  readonly isReady: () => boolean
  readonly makeReady: () => void
}

export function newAssignment(session: GroupSession, partitions: readonly number[]): Assignment {
  let isReady = false
  let makeReady = (): void => {}
  const ready = new Promise<void>((resolve) => {
    makeReady = () => {
      isReady = true
      resolve()
    }
  })
  return { session, partitions, ready, makeReady, isReady: () => isReady }
}
