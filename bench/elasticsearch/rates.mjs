import { median } from '../runner/measure.mjs'
import { writeBare, writeByHelper, writeOurs } from './writers.mjs'

const MEBIBYTE = 2 ** 20

/** Requests of the bare loop; its best one is what we are compared with. */
const BARE = [
  { bytes: 0.5 * MEBIBYTE, inFlight: 4 },
  { bytes: MEBIBYTE, inFlight: 2 },
  { bytes: 2 * MEBIBYTE, inFlight: 4 },
]

/**
 * Documents per second of each way to write, medians over rounds in which each has its turn. `fill` writes into an index
 * that is empty, `again` what the fill of the same round has left there.
 */
export async function measureRates({ store, url, prefix, documents, rounds, tell }) {
  const bare = BARE.map((setting) => ({
    name: `bare loop over undici, ${setting.bytes / MEBIBYTE} MiB, ${setting.inFlight} under way`,
    bare: true,
    fill: (run) => writeBare({ ...run, ...setting }),
  }))
  const replayed = {
    name: 'bare loop, all exist',
    fill: null,
    again: (run) => writeBare({ ...run, ...BARE[0], exist: true }),
  }
  const contenders = [
    ...bare,
    { name: 'hangup', fill: writeOurs, again: writeOurs, againName: 'hangup, all exist' },
    {
      name: 'hangup, with the frequency index',
      recount: true,
      fill: (run) => writeOurs({ ...run, recount: true }),
      again: (run) => writeOurs({ ...run, recount: true }),
      againName: 'hangup, with the frequency index, all exist',
    },
    { name: "helpers.bulk of Elastic's client", fill: writeByHelper },
    {
      name: replayed.name,
      fill: (run) => writeBare({ ...run, ...BARE[0] }),
      again: replayed.again,
      againName: replayed.name,
      silent: true,
    },
  ]
  const days = [...new Set(documents.map(({ document }) => document['@timestamp'].slice(0, 10)))]
  const ids = new Set(documents.map(({ id }) => id)).size
  const samples = new Map()
  const note = (name, sample) => samples.set(name, [...(samples.get(name) ?? []), sample])
  // Round 0 warms the server and us, and counts for nothing.
  for (let round = 0; round <= rounds; round++) {
    for (const [turn, contender] of rotated(contenders, round).entries()) {
      const run = { url, prefix: `${prefix}-${round}-${turn}`, documents }
      await store.prepare(run.prefix, days)
      const steps = [
        [contender.silent ? null : contender.name, contender.fill],
        [contender.againName, contender.again],
      ]
      for (const [name, step] of steps) {
        if (step === undefined) continue
        const sample = await timed(await step(run))
        const count = await store.count(run.prefix)
        const counted = contender.recount ? await store.counted(run.prefix) : ids
        sample.fault = count === ids && counted === ids ? null : `${count} stored, ${counted} counted of ${ids}`
        sample.perSecond = documents.length / sample.wallSeconds
        if (name !== null) tell(`round ${round}: ${name}: ${Math.round(sample.perSecond)}/s ${sample.fault ?? ''}\n`)
        if (round > 0 && name !== null) note(name, sample)
      }
      await store.remove(run.prefix)
    }
  }
  return [...samples].map(([name, each]) => ({
    name,
    bare: contenders.some((contender) => contender.name === name && contender.bare),
    isAgain: contenders.some((contender) => contender.againName === name),
    perSecond: median(each.map(({ perSecond }) => perSecond)),
    cpuSeconds: median(each.map(({ cpuSeconds }) => cpuSeconds)),
    range: [Math.min(...each.map(({ perSecond }) => perSecond)), Math.max(...each.map(({ perSecond }) => perSecond))],
    fault: each.find(({ fault }) => fault !== null)?.fault ?? null,
  }))
}

/** Each round begins with another one. */
function rotated(list, by) {
  const start = by % list.length
  return [...list.slice(start), ...list.slice(0, start)]
}

async function timed(work) {
  globalThis.gc?.()
  const before = process.cpuUsage()
  const beganMs = performance.now()
  await work()
  const wallSeconds = (performance.now() - beganMs) / 1_000
  const { user, system } = process.cpuUsage(before)
  return { wallSeconds, cpuSeconds: (user + system) / 1e6 }
}
