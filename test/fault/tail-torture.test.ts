import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { startElasticsearch } from '../support/elasticsearch/server.mjs'
import { Relay } from '../support/relay.js'
import { MODES } from '../support/torture/rotation.js'
import { Torture, type TortureOptions } from '../support/torture/torture.js'
import { elasticsearchSink, expectLossless, expectNothingButTheHole } from '../support/torture/verdict.js'
import { Random } from './random.js'

const LINES_PER_SECOND = 1_500
let random: Random
let torture: Torture | null = null
let server: Awaited<ReturnType<typeof startElasticsearch>> | null = null

beforeAll(() => {
  random = Random.fromEnvironment()
  process.stderr.write(`HANGUP_FAULT_SEED=${random.seed}\n`)
})

afterEach(async () => {
  await torture?.remove()
  torture = null
  await server?.remove()
  server = null
})

const start = async (options: Partial<TortureOptions> = {}): Promise<Torture> => {
  torture = await Torture.start({ random, modes: MODES, linesPerSecond: LINES_PER_SECOND, ...options })
  return torture
}

/** Ways of rotating that lose nothing while hangup lives. */
const WHOLE = MODES.filter(({ hasHole, by }) => !hasHole && by !== 'truncate')

describe('logs that are rotated all the time', () => {
  test.each([
    ['are read once, to the line and to the byte', WHOLE],
    ['lose nothing but what the rotator or the gateway itself destroys', MODES.filter((mode) => !WHOLE.includes(mode))],
  ])('%s', async (_name, modes) => {
    const host = await start({ modes, destroysWhatIsKnown: true })
    const following = await host.begin()
    await host.rotateUntil(AbortSignal.timeout(4_000), 600)
    const written = await host.stopWriting()
    const { code, stderr, numbers } = await host.readToTheEnd(following)
    expect({ code, stderr: code === 143 ? '' : stderr }).toEqual({ code: 143, stderr: '' })
    await expectLossless(host, modes, { written, stderr, numbers })
  })

  test('and by a processor that is killed at random moments, end with what one pass over all lines gives', async () => {
    const host = await start()
    const following = await host.begin()
    const end = AbortSignal.timeout(12_000)
    await Promise.all([host.rotateUntil(end, 600), host.killUntil(end, following, [300, 5_000])])
    await host.stopWriting()
    const { code, stderr } = await host.readToTheEnd()
    expect({ code, stderr: code === 143 ? '' : stderr }).toEqual({ code: 143, stderr: '' })
    expect(host.kills).toBeGreaterThan(2)
    await expectNothingButTheHole(host, MODES)
  }, 300_000)

  test('and with a store that is slow and away, end with what one pass over all lines gives', async () => {
    server = await startElasticsearch()
    const relay = await Relay.to(server.url)
    const sink = elasticsearchSink(relay.url, 'torture', ', batch: 64KiB, inFlight: 1')
    const host = await start({ moreSinks: [sink], linesPerSecond: LINES_PER_SECOND / 2 })
    const following = await host.begin()
    const end = AbortSignal.timeout(12_000)
    await Promise.all([host.rotateUntil(end, 600), host.killUntil(end, following, [3_000, 8_000]), trouble(relay, end)])
    await host.stopWriting()
    const { code, stderr } = await host.readToTheEnd()
    relay.close()
    expect({ code, stderr: code === 143 ? '' : stderr }).toEqual({ code: 143, stderr: '' })
    await expectNothingButTheHole(host, MODES, { server, prefix: 'torture' })
  }, 400_000)
})

/** A line that is slow for a while, then cut for a while. */
async function trouble(relay: Relay, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    relay.bytesPerSecond = random.between(20_000, 400_000)
    relay.answerDelayMs = random.between(0, 300)
    await sleep(random.between(500, 3_000), undefined, { signal }).catch(() => {})
    relay.shut()
    await sleep(random.between(100, 1_500), undefined, { signal }).catch(() => {})
    relay.open()
  }
  relay.bytesPerSecond = Number.POSITIVE_INFINITY
  relay.answerDelayMs = 0
}
