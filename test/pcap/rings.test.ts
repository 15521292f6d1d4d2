import { describe, expect, test } from '@jest/globals'
import { CaptureAnalysis } from '../../src/pcap/capture-analysis.js'
import { findingsOf, toDocument } from '../../src/pcap/findings.js'
import { continues, inRings } from '../../src/pcap/rings.js'
import { Targets } from '../../src/pcap/targets.js'
import { analyze } from './analyze.js'
import { bytesOf, CAPTURES } from './corpus.js'
import { split } from './split.js'

const pathOf = (target: string): string => target.replace(/\?.*/, '')

function analyzeRing(files: readonly Buffer[]) {
  const targets = new Targets()
  const analysis = new CaptureAnalysis({ targets })
  for (const bytes of files) {
    analysis.push(bytes)
    analysis.endFile()
  }
  const names = files.map((_, index) => `ring.pcap${index}`)
  const result = analysis.end()
  return { result, connections: findingsOf(names, result, targets).map((finding) => toDocument(finding, pathOf)) }
}

describe.each(['b-337-pcap-101/lo-ether.pcap', 'b-337-tun-107/gwside-raw.pcap', 'c-337-pcap-105/any-sll2.pcap'])(
  '%s as a ring of files',
  (name) => {
    const capture = CAPTURES.find((each) => each.name === name)
    if (capture === undefined) throw new Error(`not in the corpus: ${name}`)
    const whole = bytesOf(capture)
    const one = analyze(whole)
    const files = split(whole, 150)
    const ring = analyzeRing(files)

    test('has the connections of the one file, with the same verdicts and sentences', () => {
      expect(files.length).toBeGreaterThan(5)
      expect(ring.result.files.map(({ end }) => end.kind)).toEqual(files.map(() => 'whole'))
      const told = ({ client, cause, form, idle_ms, story }: (typeof one.connections)[number]) => ({
        ...{ client, cause, form, idle_ms },
        story: story.map(({ at, says }) => [at, says.replace(/up to packet \d+/, 'up to packet N')]),
      })
      expect(ring.connections.map(told)).toEqual(one.connections.map(told))
    })

    test('numbers packets and streams file by file, as Wireshark does in each', () => {
      const alone = files.map((bytes) => analyze(bytes))
      const longer = ring.connections.filter(({ parts }) => parts !== undefined)
      expect(longer.length).toBeGreaterThan(3)
      for (const { client, parts = [] } of longer) {
        for (const { capture: file, index, packets } of parts) {
          const { connections, result } = alone[Number(file.slice('ring.pcap'.length))]
          const there = connections.find((each) => each.index === index)
          // Where only the target's packets are in a file, it cannot tell the sides.
          expect([there?.client, there?.target]).toContain(client)
          expect(packets.every((packet) => packet >= 1 && packet <= result.packets)).toBe(true)
        }
      }
    })
  },
)

describe('files of one ring', () => {
  const file = (path: string, firstMs: number | null) => ({ path, firstMs })

  test('are read in the order of their time, whatever their names', () => {
    const files = [file('/a/t.pcap0', 300), file('/a/t.pcap1', 100), file('/a/t.pcap2', 200)]
    expect(inRings(files).map((ring) => ring.map(({ path }) => path))).toEqual([
      ['/a/t.pcap1', '/a/t.pcap2', '/a/t.pcap0'],
    ])
  })

  test('have names that differ in digits alone, in one directory', () => {
    const names = [
      '/a/t_00001_20260101.pcapng',
      '/b/t_00002_20260101.pcapng',
      '/a/t_00002_20260102.pcapng.gz',
      '/a/u.pcapng',
    ]
    expect(inRings(names.map((name) => file(name, 1))).map((ring) => ring.length)).toEqual([2, 1, 1])
  })

  test('begin where those before them ended', () => {
    expect([continues(file('a', 10_000), 9_999), continues(file('a', 9_500), 10_000)]).toEqual([true, true])
    expect([continues(file('a', 5_000), 10_000), continues(file('a', null), 0)]).toEqual([false, false])
  })
})
