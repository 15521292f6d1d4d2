import { describe, expect, test } from '@jest/globals'
import { TargetMemory } from '../../src/enrich/targets.js'

const HORIZON_MS = 600_000
const START = 1_600_000_000_000
const A = '10.0.0.9:8080'
const B = '10.0.0.10:8080'

const memory = (): TargetMemory => new TargetMemory({ horizonMs: HORIZON_MS })

describe('TargetMemory', () => {
  test('infers the one target that a proxy was seen with', () => {
    const targets = memory().of('p', 'orders')
    targets.observe(A, START)
    expect(targets.infer(START + 5)).toBe(A)
  })

  test('infers none for a proxy that was never seen', () => {
    expect(memory().of('p', 'orders').infer(START)).toBeNull()
  })

  test('treats evidence older than the horizon as absent', () => {
    const targets = memory().of('p', 'orders')
    targets.observe(A, START)
    expect(targets.infer(START + HORIZON_MS)).toBe(A)
    expect(targets.infer(START + HORIZON_MS + 1)).toBeNull()
  })

  test('infers none where two targets were seen within the horizon, in whatever order', () => {
    const targets = memory().of('p', 'orders')
    targets.observe(A, START)
    targets.observe(B, START + 10)
    expect(targets.infer(START + 20)).toBeNull()
    targets.observe(A, START + 30)
    expect(targets.infer(START + 40)).toBeNull()
  })

  test('infers the new target once the old one lies behind the horizon', () => {
    const targets = memory().of('p', 'orders')
    targets.observe(A, START)
    targets.observe(B, START + 10)
    targets.observe(B, START + HORIZON_MS + 5)
    expect(targets.infer(START + HORIZON_MS)).toBeNull()
    expect(targets.infer(START + HORIZON_MS + 5)).toBe(B)
  })

  test('keeps partitions and proxies apart', () => {
    const all = memory()
    all.of('p', 'orders').observe(A, START)
    expect(all.of('q', 'orders').infer(START)).toBeNull()
    expect(all.of('p', 'users').infer(START)).toBeNull()
    expect(all.of('p', 'orders').infer(START)).toBe(A)
  })

  test('stays bounded where a guess takes the paths of an attacker for proxies', () => {
    const all = memory()
    const first = all.of('p', 'first')
    for (let i = 0; i < 10_000; i++) all.of('p', `${i}`)
    expect(all.of('p', 'first')).not.toBe(first)
  })
})
