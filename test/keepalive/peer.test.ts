import { describe, expect, test } from '@jest/globals'
import { parseDescription } from '../../src/keepalive/description.js'
import type { ServerFile, ServerSetting } from '../../src/keepalive/files/server-file.js'
import { type Idle, idleFor, NEVER, NO_REUSE, UNKNOWN } from '../../src/keepalive/idle.js'
import { choose, peerOf } from '../../src/keepalive/peer.js'

const setting = (idle: Idle, ports: readonly number[] = []): ServerSetting => ({
  file: '/x/f.conf',
  line: 7,
  ports: new Set(ports),
  idle,
  maxRequests: null,
})

function peer(text: string, port: number | null = null, file?: Partial<ServerFile>) {
  const what = parseDescription(text)
  if (what === null) throw new Error(text)
  return peerOf(what, {
    port,
    readFile: (format, path) => ({ format, file: path, receives: [], sends: [], ...file }),
  })
}

describe('of several settings the one that matters', () => {
  test.each([
    ['the first to close', [idleFor(9), idleFor(5), NEVER, NO_REUSE], 'least', idleFor(5)],
    ['the last to give up', [idleFor(9), idleFor(5), NO_REUSE], 'most', idleFor(9)],
    ['one that never gives up', [idleFor(9), NEVER], 'most', NEVER],
    ['one that is not known, which may be worse', [idleFor(9), UNKNOWN], 'least', UNKNOWN],
    ['one that is not known, which may be worse still', [NEVER, UNKNOWN], 'most', UNKNOWN],
  ] as const)('is %s', (_, idles, worse, expected) => {
    expect(
      choose(
        idles.map((idle) => setting(idle)),
        null,
        worse,
      )?.idle,
    ).toEqual(expected)
  })

  test('is one of the port, where there is one', () => {
    const settings = [setting(idleFor(1), [80]), setting(idleFor(2), [81])]
    expect(choose(settings, 81, 'least')?.idle).toEqual(idleFor(2))
    expect(choose(settings, 99, 'least')?.idle).toEqual(idleFor(1))
    expect(choose([], 99, 'least')).toBeUndefined()
  })
})

describe('a party', () => {
  test('of a known name has its defaults on both sides, as far as they are known', () => {
    expect(peer('nginx')).toMatchObject({
      title: 'nginx',
      receives: { idle: idleFor(75_000), source: 'default' },
      sends: { idle: idleFor(60_000), source: 'default' },
      maxRequests: 1000,
      limitMs: null,
    })
    expect(peer('tomcat').sends.idle).toEqual(UNKNOWN)
    expect(peer('tomcat=3s')).toMatchObject({ receives: { idle: idleFor(3000), source: 'given' } })
  })

  test('that hands on bytes is a limit and no party', () => {
    expect(peer('aws-nlb')).toMatchObject({ limitMs: 350_000, receives: { idle: UNKNOWN }, sends: { idle: UNKNOWN } })
    expect(peer('azure=10m').limitMs).toBe(600_000)
  })

  test('of a file has the settings of its port, and their place', () => {
    const file = { receives: [setting(idleFor(5000), [80]), setting(idleFor(1000), [81])] }
    expect(peer('nginx:f.conf', 80, file)).toMatchObject({
      receives: { idle: idleFor(5000), source: 'file', from: 'f.conf:7' },
      sends: { idle: UNKNOWN, source: 'unknown' },
    })
    expect(peer('nginx:f.conf', 80).receives).toMatchObject({
      idle: UNKNOWN,
      from: 'nginx has no listener in this file',
    })
  })
})
