import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { hashOf, Pattern } from '../src/words.js'

const bytes = fc.uint8Array({ maxLength: 40 })

test('a pattern equals a slice where each byte does', () => {
  fc.assert(
    fc.property(bytes, bytes, fc.nat({ max: 39 }), (before, text, changed) => {
      const line = Buffer.concat([before, text, Buffer.from('rest')])
      const [start, end] = [before.length, before.length + text.length]
      const pattern = new Pattern(text)
      expect([pattern.equals(line, start, end), pattern.begins(line, start, line.length)]).toEqual([true, true])
      expect(pattern.equals(line, start, end + 1)).toBe(false)
      if (changed >= text.length) return
      line[start + changed] ^= 1
      expect([pattern.equals(line, start, end), pattern.begins(line, start, line.length)]).toEqual([false, false])
    }),
  )
})

test('a hash is that of the bytes, wherever they stand', () => {
  fc.assert(
    fc.property(bytes, bytes, (before, text) => {
      const line = Buffer.concat([before, text])
      expect(hashOf(line, before.length, line.length)).toBe(hashOf(text, 0, text.length))
    }),
  )
})
