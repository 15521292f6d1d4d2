import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { Random } from '../fault/random.js'
import type { Following } from '../support/torture/following.js'
import { MODES } from '../support/torture/rotation.js'
import { Torture, type TortureOptions } from '../support/torture/torture.js'
import { expectLossless, expectNothingButTheHole } from '../support/torture/verdict.js'

/** Of each half of the soak: one process that lives through it, then processes that are killed. */
const HALF_MS = (Number(process.env.HANGUP_SOAK_SECONDS ?? 600) * 1000) / 2
const LINES_PER_SECOND = 1_500
/** What is known of a target's resets grows with them, up to a sample of its day: few enough that what grows besides can be seen. */
const FAIL_EVERY = 50
/** Long before the samples that are compared, and longer than a busy machine lets a process wait: what rests is not held open. */
const CLOSE_IDLE = `${Math.ceil(HALF_MS / 10_000)}s`
const ROTATION_MS = 700
/** Rotations stay out of the paths here: what is among them is followed for as long as it is there. */
const modes = MODES.filter(({ paths }) => paths === 'live')

let random: Random
let host: Torture

beforeEach(async () => {
  random = Random.fromEnvironment()
  process.stderr.write(`HANGUP_FAULT_SEED=${random.seed}\n`)
})

afterEach(() => host.remove())

const start = (options: Partial<TortureOptions> = {}): Promise<Torture> =>
  Torture.start({
    random,
    modes,
    linesPerSecond: LINES_PER_SECOND,
    failEvery: FAIL_EVERY,
    closeIdle: CLOSE_IDLE,
    ...options,
  })

test('thousands of rotations leave one pass, and memory and descriptors as they were', async () => {
  host = await start({ destroysWhatIsKnown: true })
  const following = await host.begin()
  const end = AbortSignal.timeout(HALF_MS)
  const [samples] = await Promise.all([sampled(following, end), host.rotateUntil(end, ROTATION_MS)])
  const written = await host.stopWriting()
  const { code, stderr, numbers } = await host.readToTheEnd(following)
  expect({ code, stderr: code === 143 ? '' : stderr }).toEqual({ code: 143, stderr: '' })
  await expectLossless(host, modes, { written, stderr, numbers })
  tell(host, samples)
  const third = Math.floor(samples.length / 3)
  const [early, late] = [samples.slice(third, 2 * third), samples.slice(-third)]
  expect(medianOf(late, 'descriptors')).toBeLessThan(medianOf(early, 'descriptors') + 10)
  expect(medianOf(late, 'residentBytes')).toBeLessThan(1.25 * medianOf(early, 'residentBytes'))
})

test('thousands of rotations and kills at random moments leave one pass', async () => {
  host = await start()
  const following = await host.begin()
  const end = AbortSignal.timeout(HALF_MS)
  await Promise.all([host.rotateUntil(end, ROTATION_MS), host.killUntil(end, following, [500, 10_000])])
  await host.stopWriting()
  const { code, stderr } = await host.readToTheEnd()
  expect({ code, stderr: code === 143 ? '' : stderr }).toEqual({ code: 143, stderr: '' })
  await expectNothingButTheHole(host, modes)
  tell(host, [])
})

interface Sample {
  readonly descriptors: number
  readonly residentBytes: number
}

async function sampled(following: Following, signal: AbortSignal): Promise<readonly Sample[]> {
  const samples: Sample[] = []
  while (!signal.aborted) {
    samples.push({
      descriptors: await following.metric('process_open_fds'),
      residentBytes: await following.metric('process_resident_memory_bytes'),
    })
    await sleep(1_000, undefined, { signal }).catch(() => {})
  }
  return samples
}

function medianOf(samples: readonly Sample[], what: keyof Sample): number {
  const values = samples.map((sample) => sample[what]).sort((one, other) => one - other)
  return values[Math.floor(values.length / 2)]
}

function tell({ rotations, kills, losses }: Torture, samples: readonly Sample[]): void {
  const memory =
    samples.length === 0
      ? ''
      : `, ${Math.round(medianOf(samples, 'residentBytes') / 2 ** 20)} MiB, ${medianOf(samples, 'descriptors')} descriptors`
  process.stderr.write(`${rotations} rotations, ${kills} kills, ${losses.length} losses told${memory}\n`)
}
