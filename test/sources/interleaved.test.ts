import { describe, expect, test } from '@jest/globals'
import type { LineBlock } from '../../src/records.js'
import { interleaved } from '../../src/sources/interleaved.js'
import type { Source } from '../../src/sources/source.js'
import { blockOf, logSource } from '../support/lines.js'

const named = (name: string): LineBlock => blockOf(`${name}\n`, { source: logSource({ path: name }) })

/** A source of so many blocks; `state` tells how many were asked for, and whether it was let go. */
function sourceOf(name: string, count: number, { fails }: { fails?: Error } = {}) {
  const state = { asked: 0, isClosed: false }
  const source: Source = {
    async *read() {
      try {
        for (let number = 0; number < count; number++) {
          state.asked++
          yield named(`${name}${number}`)
        }
        if (fails !== undefined) throw fails
      } finally {
        state.isClosed = true
      }
    },
  }
  return { source, state }
}

const never: Source = {
  async *read(signal) {
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
  },
}

async function pathsOf(source: Source, most = Number.POSITIVE_INFINITY): Promise<readonly string[]> {
  const paths: string[] = []
  for await (const block of source.read(new AbortController().signal)) {
    paths.push(block.source.path)
    if (paths.length >= most) break
  }
  return paths
}

describe('sources that are interleaved', () => {
  test('give all of their blocks, those of each in their order', async () => {
    const paths = await pathsOf(interleaved([sourceOf('a', 5).source, sourceOf('b', 2).source]))
    expect(paths.filter((path) => path.startsWith('a'))).toEqual(['a0', 'a1', 'a2', 'a3', 'a4'])
    expect(paths.filter((path) => path.startsWith('b'))).toEqual(['b0', 'b1'])
  })

  test('take turns: one that always has a block does not hold up the others', async () => {
    const paths = await pathsOf(interleaved([sourceOf('a', 1_000).source, sourceOf('b', 1_000).source]), 100)
    expect(paths.filter((path) => path.startsWith('b')).length).toBeGreaterThan(30)
  })

  test('are asked for no more than one block ahead', async () => {
    const { source, state } = sourceOf('a', 100)
    await pathsOf(interleaved([source, never]), 10)
    expect(state.asked).toBe(10)
  })

  test('are let go, all of them, when nobody reads on', async () => {
    const [first, second] = [sourceOf('a', 100), sourceOf('b', 100)]
    await pathsOf(interleaved([first.source, never, second.source]), 1)
    expect([first.state.isClosed, second.state.isClosed]).toEqual([true, true])
  })

  test('end with the error of the first that fails, and let the others go', async () => {
    const other = sourceOf('b', 100)
    const source = interleaved([sourceOf('a', 1, { fails: new Error('broken') }).source, other.source, never])
    await expect(pathsOf(source)).rejects.toThrow('broken')
    expect(other.state.isClosed).toBe(true)
  })

  test('end when all have ended', async () => {
    expect(await pathsOf(interleaved([sourceOf('a', 0).source, sourceOf('b', 1).source]))).toEqual(['b0'])
  })
})
