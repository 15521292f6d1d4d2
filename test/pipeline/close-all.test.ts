import { expect, test } from '@jest/globals'
import { closeAll } from '../../src/pipeline/close-all.js'

test('closes all of them, and then tells of the first that cannot be closed', async () => {
  const closed: string[] = []
  const end = (name: string, error?: Error) => ({
    async close() {
      closed.push(name)
      if (error !== undefined) throw error
    },
  })
  const ends = [end('a'), end('b', new Error('b is stuck')), end('c', new Error('c is stuck')), end('d')]
  await expect(closeAll(ends)).rejects.toThrow('b is stuck')
  expect(closed).toEqual(['a', 'b', 'c', 'd'])
})
