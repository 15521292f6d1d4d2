import { describe, expect, test } from '@jest/globals'
import { type End, judge } from '../../src/keepalive/hop.js'
import { type Idle, idleFor, NEVER, NO_REUSE, UNKNOWN } from '../../src/keepalive/idle.js'

const end = (role: End['role'], idle: Idle): End => ({ role, title: '', fact: { idle, source: 'given', from: '' } })

const judged = (sends: Idle, receives: Idle, limitMs?: number) =>
  judge(
    {
      sender: end('client', sends),
      receiver: end('gateway', receives),
      limits: limitMs === undefined ? [] : [{ title: 'nat', ms: limitMs }],
    },
    1000,
  )

describe('a hop', () => {
  test.each([
    ['gives up first, with the margin', idleFor(5000), idleFor(6001), 'ok', 'sender_first'],
    ['gives up first, by the margin and no more', idleFor(5000), idleFor(6000), 'wrong', 'receiver_first'],
    ['gives up at the same time', idleFor(5000), idleFor(5000), 'wrong', 'receiver_first'],
    ['gives up later', idleFor(60_000), idleFor(5000), 'wrong', 'receiver_first'],
    ['never gives up', NEVER, idleFor(5000), 'wrong', 'sender_never'],
    ['never gives up, whenever the other side does', NEVER, UNKNOWN, 'wrong', 'sender_never'],
    ['never gives up, and neither does the other side', NEVER, NEVER, 'ok', 'neither_closes'],
    ['gives up, and the other side never does', idleFor(5000), NEVER, 'ok', 'sender_first'],
    ['gives up some time, and the other side never does', UNKNOWN, NEVER, 'ok', 'neither_closes'],
    ['gives up some time', UNKNOWN, idleFor(5000), 'unknown', 'sender_unknown'],
    ['gives up, and the other side some time', idleFor(5000), UNKNOWN, 'unknown', 'receiver_unknown'],
    ['never uses a connection twice', NO_REUSE, idleFor(1), 'ok', 'no_reuse'],
    ['never finds a connection to use twice', NEVER, NO_REUSE, 'ok', 'no_reuse'],
  ])('whose sender %s', (_, sends, receives, verdict, reason) => {
    expect(judged(sends, receives)).toMatchObject({ verdict, reason })
  })

  test.each([
    ['before both sides', idleFor(5000), idleFor(60_000), 4000, 'wrong', 'limit_first'],
    ['behind the sender', idleFor(5000), idleFor(60_000), 30_000, 'ok', 'sender_first'],
    ['and nobody else does', NEVER, NEVER, 30_000, 'wrong', 'limit_first'],
    ['and what the sender does is not known', UNKNOWN, NEVER, 30_000, 'unknown', 'sender_unknown'],
    ['before a receiver that is not known', idleFor(40_000), UNKNOWN, 30_000, 'wrong', 'limit_first'],
  ])('where something drops connections %s', (_, sends, receives, limitMs, verdict, reason) => {
    expect(judged(sends, receives, limitMs)).toMatchObject({ verdict, reason })
  })
})
