import { expect, test } from '@jest/globals'
import { Courier } from '../../src/pipeline/courier.js'

interface Parcel {
  readonly size: number
}

/** Takes one write at a time; `free` lets the one under way end. */
function slowRecipient() {
  const writes: number[][] = []
  let free = (): void => {}
  const write = (parcels: readonly Parcel[]): Promise<void> => {
    writes.push(parcels.map(({ size }) => size))
    return new Promise((resolve) => (free = resolve))
  }
  return { writes, write, free: () => free() }
}

test('a write takes as much as its size allows, and at least one item; sizes are what is confirmed', async () => {
  const recipient = slowRecipient()
  const courier = new Courier<Parcel>(recipient, { maxBatch: 10, maxQueued: 100, sizeOf: ({ size }) => size })
  courier.take([4, 6, 1, 30, 9].map((size) => ({ size })))
  for (const confirmed of [10, 11, 41]) {
    const before = recipient.writes.length
    recipient.free()
    while (recipient.writes.length === before) await Promise.resolve()
    expect(courier.confirmed).toBe(confirmed)
  }
  recipient.free()
  await courier.isEmpty()
  expect(recipient.writes).toEqual([[4, 6], [1], [30], [9]])
  expect(courier.confirmed).toBe(50)
})

test('there is no room while more waits than may, by its size', async () => {
  const recipient = slowRecipient()
  const courier = new Courier<Parcel>(recipient, { maxBatch: 10, maxQueued: 10, sizeOf: ({ size }) => size })
  courier.take([{ size: 8 }])
  await courier.hasRoom()
  courier.take([{ size: 8 }])
  let hasRoom = false
  const room = courier.hasRoom().then(() => {
    hasRoom = true
  })
  await Promise.resolve()
  expect(hasRoom).toBe(false)
  recipient.free()
  await room
})
