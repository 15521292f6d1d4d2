import { execFileSync } from 'node:child_process'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { isPrintable, shellLine } from '../../src/capture/shell-quote.js'

/** What a real shell makes of a line. */
function wordsOf(line: string): readonly string[] {
  const output = execFileSync('/bin/sh', ['-c', `printf '%s\\0' ${line}`], { encoding: 'utf8' })
  return output.split('\0').slice(0, -1)
}

describe('a line for the shell', () => {
  test.each([
    ['plain words', ['tcpdump', '-i', 'any', '/var/tmp/a.pcap'], 'tcpdump -i any /var/tmp/a.pcap'],
    ['blanks', ['tcp port 80'], "'tcp port 80'"],
    ['nothing', [''], "''"],
    ['a quote', ["a'b"], "'a'\\''b'"],
  ])('quotes %s', (_, words, line) => {
    expect(shellLine(words)).toBe(line)
    expect(wordsOf(line)).toEqual(words)
  })

  test('is read by a shell as just the words that it was made of', () => {
    const word = fc.oneof(
      fc.string().filter(isPrintable),
      fc.constantFrom(
        '$(reboot)',
        '`reboot`',
        '; reboot',
        '\\',
        '"',
        '~',
        '*',
        '!!',
        '#',
        '&& x',
        '$HOME',
        "'",
        '{a,b}',
        '>x',
        '-n',
      ),
    )
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 5 }), (words) => {
        expect(wordsOf(shellLine(words))).toEqual(words)
      }),
      { numRuns: 60 },
    )
  })

  test.each(['a\nb', 'a\u001b[2Jb', 'a\u202eb', 'a\u0000', '\u200b', '\ud800', 'a\rb'])('holds no %j', (word) => {
    expect(isPrintable(word)).toBe(false)
    expect(() => shellLine([word])).toThrow('cannot be shown')
  })
})
