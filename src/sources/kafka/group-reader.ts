import type { EachBatchPayload } from 'kafkajs'
import { TransientError } from '../../errors.js'
import { Problems } from '../../problems.js'
import { type Assignment, newAssignment } from './assignment.js'
import { Committer } from './committer.js'
import type { GroupEvent, GroupReader, GroupReaderOptions, Position } from './contract.js'
import { kafkaFault, sessionFault } from './faults.js'
import { GroupSession, HEARTBEAT_MS, type SessionListener } from './group-session.js'
import { Handover } from './handover.js'
import { batchOf, fetchedOffset } from './message-batch.js'
import type { Claim } from './sticky-assigner.js'
import { expired, planAssignment, type Tenure } from './tenures.js'
import { beating, Changes, pause } from './waiting.js'

/** Makes a member of a group; it joins when it is read. */
export function openGroupReader(options: GroupReaderOptions): GroupReader & {
  /** Reads no more of a partition, for good. */
  dismiss(partition: number): void
} {
  const member = new GroupMember(options)
  return {
    read: (signal) => member.read(signal),
    commit: (positions) => member.commit(positions),
    close: () => member.close(),
    dismiss: (partition) => member.dismiss(partition),
  }
}

class GroupMember implements SessionListener {
  readonly #options: GroupReaderOptions
  readonly #problems: Problems
  readonly #handover = new Handover()
  readonly #changes = new Changes()
  readonly #committer: Committer
  readonly #closing = new AbortController()
  #session: GroupSession | null = null
  #assignment: Assignment | null = null
  #running: Promise<void> | null = null
  readonly #dismissed = new Set<number>()
  #lastGeneration = -1
  #failures = 0
  #hasJoined = false
  /** A heartbeat's error: kafkajs is about to join again, and is not kept from it by more batches. */
  #fault: unknown = null

  constructor(options: GroupReaderOptions) {
    this.#options = options
    this.#problems = new Problems(options.onProblem)
    this.#committer = new Committer({
      sessionOf: (tenure) => this.#sessionOf(tenure),
      isOver: () => this.#closing.signal.aborted,
      changed: () => this.#changes.next(),
      onProblem: (problem) => this.#problems.tell(problem),
      what: `cannot commit: ${options.groupId} on ${options.topic}`,
    })
  }

  async *read(signal: AbortSignal): AsyncGenerator<GroupEvent, void, undefined> {
    const stop = (): void => this.#handover.end(null)
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop)
    this.#running = this.#run()
    try {
      for (let event = await this.#handover.next(); event !== null; event = await this.#handover.next()) yield event
    } finally {
      signal.removeEventListener('abort', stop)
      this.#handover.end(null)
      this.#handover.finish()
      if (this.#options.staysUntilClosed !== true) await this.close()
    }
  }

  commit(positions: readonly Position[]): Promise<readonly number[]> {
    return this.#committer.commit(
      positions.map((position) => ({ ...position, tenure: this.#handover.held.get(position.partition) })),
    )
  }

  dismiss(partition: number): void {
    this.#dismissed.add(partition)
    this.#assignment?.session.pause([partition])
  }

  async close(): Promise<void> {
    this.#closing.abort()
    this.#handover.end(null)
    this.#handover.withdraw()
    this.#changes.tell()
    await this.#session?.leave()
    await this.#running
  }

  /** One session after the other, until it is closed or fails for good. */
  async #run(): Promise<void> {
    const { signal } = this.#closing
    const closed = new Promise<null>((resolve) => signal.addEventListener('abort', () => resolve(null)))
    while (!signal.aborted) {
      const error = await this.#live(closed)
      if (error === null || signal.aborted) return
      if (!(error instanceof TransientError)) return this.#fail(error)
      this.#problems.tell(error)
      await pause(Math.min(500 * 2 ** this.#failures++, LONGEST_PAUSE_MS) * (0.5 + Math.random() / 2), signal)
    }
  }

  /** Resolves to what ended the session; null when we are closed. */
  async #live(closed: Promise<null>): Promise<Error | null> {
    const { topic, groupId, brokers } = this.#options
    try {
      this.#session = new GroupSession(this.#options, this)
      const error = await Promise.race([this.#session.crashed, closed])
      if (error === null) return null
      const what = `cannot read: ${topic} as ${groupId} from ${brokers.join(',')}`
      return sessionFault(kafkaFault(error, { what, topic }), this.#hasJoined)
    } catch (error) {
      return error as Error
    } finally {
      this.#over()
      await this.#session?.leave()
    }
  }

  claim(): Claim {
    return { generation: this.#lastGeneration, partitions: [...this.#handover.held.keys()] }
  }

  joined(partitions: readonly number[]): void {
    this.#over()
    this.#hasJoined = true
    this.#failures = 0
    const session = this.#session!
    this.#assignment = newAssignment(session, partitions)
    session.pause(this.#dismissed)
    void this.#settle(this.#assignment)
  }

  fetching(): void {
    this.#fault = null
  }

  beat(): void {
    this.#lastGeneration = this.#session?.generation ?? -1
    this.#changes.tell()
  }

  skipped(partition: number, first: number | null, last: number, highWatermark: number): void {
    const tenure = this.#current(partition)
    // Only what lies exactly where we are: a fetch from elsewhere says nothing about what lies between.
    if (tenure === undefined || (first ?? last) !== tenure.position) return
    tenure.position = last + 1
    const batch = { partition, messages: [], nextOffset: last + 1, highWatermark }
    this.#handover.offer({ tenure, batch, onTaken: () => {}, onDone: () => {} })
  }

  async batch(payload: EachBatchPayload): Promise<void> {
    const assignment = this.#assignment
    if (assignment === null || this.#closing.signal.aborted) return
    if (this.#fault !== null) throw this.#fault
    const { batch } = payload
    await this.#beating(assignment.ready, payload)
    const tenure = assignment === this.#assignment ? this.#current(batch.partition) : undefined
    if (tenure === undefined || this.#closing.signal.aborted) return
    if (fetchedOffset(batch) !== tenure.position) return this.#astray(assignment, tenure, payload)

    const handed = new Promise<void>((onDone) => {
      const ours = batchOf(batch)
      const onTaken = (): void => {
        tenure.position = ours.nextOffset
        payload.resolveOffset(batch.lastOffset())
        // A seek that waits still would lead back to where this batch began.
        if (payload.isStale()) assignment.session.seek(batch.partition, ours.nextOffset)
      }
      this.#handover.offer({ tenure, batch: ours, onTaken, onDone })
    })
    await this.#beating(handed, payload)
  }

  /** kafkajs reads somewhere else than we do: it began before we knew where, or messages are gone. */
  async #astray({ session }: Assignment, tenure: Tenure, { batch }: EachBatchPayload): Promise<void> {
    const { partition } = tenure
    const fetched = fetchedOffset(batch)
    if (fetched > tenure.position) {
      const first = (await session.firstOffsets([partition])).get(partition) ?? 0
      if (first > tenure.position) {
        this.#problems.tell(expired(this.#options.topic, partition, first - tenure.position))
        tenure.position = first
        const empty = { partition, messages: [], nextOffset: first, highWatermark: Number(batch.highWatermark) }
        this.#handover.offer({ tenure, batch: empty, onTaken: () => {}, onDone: () => {} })
      }
    }
    session.seek(partition, tenure.position)
  }

  /** Finds out what a new assignment means; tries until it is known or over. */
  async #settle(assignment: Assignment): Promise<void> {
    const { session, partitions } = assignment
    const { topic, groupId } = this.#options
    for (let attempt = 0; assignment === this.#assignment; attempt++) {
      try {
        const found = await session.find(partitions)
        if (assignment !== this.#assignment) return
        const plan = planAssignment(found, this.#handover.held, this.#options)
        for (const { partition, position } of plan.tenures.values()) session.seek(partition, position)
        this.#handover.assign(plan)
        for (const problem of plan.problems) this.#problems.tell(problem)
        assignment.makeReady()
        this.#changes.tell()
        return
      } catch (error) {
        const fault = kafkaFault(error, { what: `cannot look up positions: ${groupId} on ${topic}`, topic })
        if (!(fault instanceof TransientError)) return this.#fail(fault)
        this.#problems.tell(fault)
        await pause(Math.min(200 * 2 ** attempt, LONGEST_PAUSE_MS), this.#closing.signal)
      }
    }
  }

  /** Ends for good: the member leaves, and commits that wait are given up. */
  #fail(error: Error): void {
    this.#handover.end(error)
    this.#closing.abort()
    this.#changes.tell()
  }

  /** The assignment that was is over: nothing of it is handed out any more. */
  #over(): void {
    this.#fault = null
    const before = this.#assignment
    this.#assignment = null
    this.#handover.withdraw()
    before?.makeReady()
    this.#changes.tell()
  }

  #current(partition: number): Tenure | undefined {
    return this.#assignment?.isReady() === true ? this.#handover.tenureOf(partition) : undefined
  }

  /** In whose name a partition's position may be committed now; null: wait; `undefined`: it is not ours any more. */
  #sessionOf(tenure: Tenure): GroupSession | null | undefined {
    if (this.#closing.signal.aborted) return undefined
    if (this.#assignment?.isReady() !== true) return null
    if (this.#handover.tenureOf(tenure.partition) !== tenure) return undefined
    const { session } = this.#assignment
    return session.generation === null ? null : session
  }

  async #beating(work: Promise<void>, { heartbeat }: EachBatchPayload): Promise<void> {
    try {
      await beating(work, heartbeat, HEARTBEAT_MS)
    } catch (error) {
      this.#fault = error
      this.#handover.withdraw()
      throw error
    }
  }
}

const LONGEST_PAUSE_MS = 15_000
