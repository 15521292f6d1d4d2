import { describe, expect, test } from '@jest/globals'
import { isAddress, isDigits, isElapsed, isName, isUrl, isUuid, isWord } from '../../src/parse/bytes.js'
import { CORRELATION_ID, OTHER_ID, utf8 } from '../support/lines.js'

type Test = (bytes: Uint8Array, start: number, end: number) => boolean

/** Puts bytes around that would be taken along by a test that looks past its bounds. */
const holds = (test: Test, text: string): boolean => {
  const bytes = utf8(`5${text}5`)
  return test(bytes, 1, bytes.length - 1)
}

describe('classes of bytes', () => {
  test.each<[string, Test, string, boolean]>([
    ['digits are digits', isDigits, '0123456789', true],
    ['nothing is digits too: an empty field', isDigits, '', true],
    ['a sign is no digit', isDigits, '-5', false],
    ['a time taken may be negative', isElapsed, '-5', true],
    ['a sign alone is no time taken', isElapsed, '-', false],
    ['an empty time taken is one: 0 ms', isElapsed, '', true],
    ['a fraction is no time taken', isElapsed, '1.5', false],
    ['an error code is a word', isWord, 'HPE_INVALID_CONSTANT', true],
    ['a word holds no blank', isWord, 'a b', false],
    ['a word holds no bracket', isWord, 'a]b', false],
    ['a component is a name', isName, 'plugins-middleware', true],
    ['a name may hold blanks', isName, 'my plugin', true],
    ['a name holds no bracket', isName, 'a[b', false],
    ['a url holds brackets', isUrl, 'v1/orders?a[]=1', true],
    ['a url holds bytes above 0x7f', isUrl, 'café', true],
    ['a url holds no blank', isUrl, 'a b', false],
    ["a url may hold tab and form feed: Node 14's HTTP parser lets them pass", isUrl, 'a\tb\fc', true],
    ['a url holds no other control byte', isUrl, 'a\u0001b', false],
    ['a url holds no DEL', isUrl, 'a\u007fb', false],
  ])('%s', (_, test, text, expected) => {
    expect(holds(test, text)).toBe(expected)
  })
})

describe('isUuid', () => {
  test.each([
    ['version 1', CORRELATION_ID, true],
    ['version 4', OTHER_ID, true],
    ['upper case', OTHER_ID.toUpperCase(), true],
    ['no hyphens', OTHER_ID.replaceAll('-', ''), false],
    ['a letter past f', OTHER_ID.replace('3', 'g'), false],
    ['one digit short', OTHER_ID.slice(1), false],
    ['one digit too many', `${OTHER_ID}0`, false],
    ['a hyphen in place of a digit', `-${OTHER_ID.slice(1)}`, false],
  ])('of %s: %s is %p', (_, text, expected) => {
    expect(holds(isUuid, text)).toBe(expected)
  })
})

describe('isAddress', () => {
  test.each([
    ['IPv4', '127.0.0.22', true],
    ['IPv4 at its limits', '255.255.255.255', true],
    ['IPv6', '2001:db8::1', true],
    ['IPv4 in IPv6', '::ffff:10.0.0.1', true],
    ['nothing', '', false],
    ['a number past 255', '10.0.0.256', false],
    ['three numbers', '10.0.1', false],
    ['a missing number', '10..0.1', false],
    ['a leading dot', '.10.0.1', false],
    ['a host name', 'api.acme.example', false],
    ['host and port', '10.0.0.9:8080', false],
    ['something longer than any address', '1:'.repeat(30), false],
  ])('of %s: %p is %p', (_, text, expected) => {
    expect(holds(isAddress, text)).toBe(expected)
  })
})
