import type { Ledger } from '../records.js'
import type { RequestCount } from './request-counts.js'
import type { InputLoss, PairCounts, PartitionLag } from './snapshot.js'

/** Where the numbers of a run are; read when they are asked for, so that nothing is counted twice over. */
export interface ObservedRun {
  readonly ledger: () => Readonly<Ledger>
  readonly losses: () => { readonly evicted: number; readonly late: number }
  /** Requests since the process began, replays left out. */
  readonly requests: () => Iterable<RequestCount>
  readonly pairs: () => PairCounts
  readonly inputLosses: () => readonly InputLoss[]
  readonly unsent: () => number
  readonly partitions: () => readonly PartitionLag[]
  /** The loop turns about once a second also where no lines come. */
  readonly hasTicks: boolean
}

const NO_LINES: Readonly<Ledger> = { lines: 0, events: 0, plain: 0, stats: 0, continuations: 0, rejections: 0 }

/** Before the first run of a process. */
export const NO_RUN: ObservedRun = {
  ledger: () => NO_LINES,
  losses: () => ({ evicted: 0, late: 0 }),
  requests: () => [],
  pairs: () => ({ together: 0, apart: 0, alone: 0 }),
  inputLosses: () => [],
  unsent: () => 0,
  partitions: () => [],
  hasTicks: false,
}

/** What a run that has ended has counted; nothing of it waits any more. */
export function ended(run: ObservedRun): ObservedRun {
  const [ledger, losses, pairs] = [{ ...run.ledger() }, { ...run.losses() }, { ...run.pairs() }]
  const [requests, inputLosses] = [[...summed(run.requests())], run.inputLosses()]
  return {
    ...NO_RUN,
    ledger: () => ledger,
    losses: () => losses,
    pairs: () => pairs,
    inputLosses: () => inputLosses,
    requests: () => requests,
  }
}

/** A run whose numbers go on from those of runs before it: the counters of a process never go back. */
export function after(past: ObservedRun, run: ObservedRun): ObservedRun {
  return {
    ...run,
    ledger: () => plus(past.ledger(), run.ledger()),
    losses: () => plus(past.losses(), run.losses()),
    pairs: () => plus(past.pairs(), run.pairs()),
    inputLosses: () => lossesOf([...past.inputLosses(), ...run.inputLosses()]),
    requests: () => both(past.requests(), run.requests()),
  }
}

function* both<Item>(first: Iterable<Item>, second: Iterable<Item>): Iterable<Item> {
  yield* first
  yield* second
}

function summed(requests: Iterable<RequestCount>): Iterable<RequestCount> {
  const sums = new Map<string, RequestCount>()
  for (const { target, proxy, requests: count } of requests) {
    const key = JSON.stringify([target, proxy])
    sums.set(key, { target, proxy, requests: (sums.get(key)?.requests ?? 0) + count })
  }
  return sums.values()
}

/** By reason. */
function lossesOf(losses: readonly InputLoss[]): readonly InputLoss[] {
  const sums = new Map<string, InputLoss>()
  for (const { reason, times, bytes } of losses) {
    const known = sums.get(reason)
    sums.set(reason, { reason, times: times + (known?.times ?? 0), bytes: bytes + (known?.bytes ?? 0) })
  }
  return [...sums.values()]
}

type Numbers<Name extends string> = Readonly<Record<Name, number>>

export function plus<Name extends string>(a: Numbers<Name>, b: Numbers<Name>): Record<Name, number> {
  return combine(a, b, 1)
}

export function less<Name extends string>(a: Numbers<Name>, b: Numbers<Name>): Record<Name, number> {
  return combine(a, b, -1)
}

function combine<Name extends string>(a: Numbers<Name>, b: Numbers<Name>, sign: 1 | -1): Record<Name, number> {
  const names = Object.keys(a) as Name[]
  return Object.fromEntries(names.map((name) => [name, a[name] + sign * b[name]])) as Record<Name, number>
}
