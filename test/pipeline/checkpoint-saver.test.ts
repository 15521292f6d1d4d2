import { describe, expect, test } from '@jest/globals'
import { CheckpointSaver } from '../../src/pipeline/checkpoint-saver.js'
import { Delivery } from '../../src/pipeline/delivery.js'
import type { Sink } from '../../src/sinks/sink.js'
import { failure } from '../support/documents.js'

function saverOn(sink: Partial<Sink>) {
  const saved: unknown[] = []
  const delivery = new Delivery([{ name: 'test', write: async () => {}, close: async () => {}, ...sink }])
  const parts = {
    flows: [delivery],
    settle: () => delivery.settle(),
  }
  const positions = (name: number) => async () => void saved.push(name)
  return { delivery, saved, positions, saver: new CheckpointSaver(parts) }
}

function door() {
  let open = (): void => {}
  const isOpen = new Promise<void>((resolve) => {
    open = resolve
  })
  return { isOpen, open }
}

describe('the checkpoint saver', () => {
  test('saves nothing before all that was pushed is stored, then what it saw first', async () => {
    const write = door()
    const { delivery, saver, saved, positions } = saverOn({ write: () => write.isOpen })
    await delivery.push([failure()])
    await saver.save(() => positions(1))
    await saver.save(() => positions(2))
    expect(saved).toEqual([])
    write.open()
    await delivery.drain()
    await saver.save(() => positions(3))
    expect(saved).toEqual([1])
    await saver.save(() => positions(4))
    expect(saved).toEqual([1, 4])
  })

  test('waits for what the sinks derive, without holding up the run', async () => {
    const settle = door()
    const { saver, saved, positions } = saverOn({ settle: () => settle.isOpen })
    await saver.save(() => positions(1))
    expect(saved).toEqual([])
    settle.open()
    await new Promise(setImmediate)
    await saver.save(() => positions(2))
    expect(saved).toEqual([1])
  })

  test('throws what failed in the background, and saves no more', async () => {
    const { saver, saved, positions } = saverOn({ settle: () => Promise.reject(new Error('cannot count')) })
    await saver.save(() => positions(1))
    await expect(saver.save(() => positions(2))).rejects.toThrow('cannot count')
    expect(saved).toEqual([])
  })
})
