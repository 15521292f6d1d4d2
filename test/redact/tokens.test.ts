import { describe, expect, test } from '@jest/globals'
import { REDACT_ALL, Redactor } from '../../src/redact/redactor.js'
import { maskPathTokens, maskTokens } from '../../src/redact/tokens.js'

describe('a text without what looks like a token', () => {
  test.each([
    ['hex digits', 'found 9f86d081884c7d659a2feaa0c55ad015 there', 'found *** there'],
    ['letters of both cases and digits', 'id q7Zk2Vx9Tn4Lw8Rb3Yc6', 'id ***'],
    ['a prefix that says what it is', 'sk_live_4eC39HqLyjWDarjtT1zdp7dc', '***'],
    ['base64 with a slash', 'x A9f/3kQ0dPz7+Lm2Rt5Yx8w== y', 'x *** y'],
    ['capitals and digits', 'AKIAIOSFODNN7EXAMPLE', '***'],
    ['letters alone, of both cases at random', 'aBcDeFgHiJkLmNoPqRsT', '***'],
    ['a long number', 'card 4111111111111111', 'card ***'],
  ])('loses %s', (_, text, masked) => {
    expect(maskTokens(text)).toBe(masked)
  })

  test.each([
    ['an id of the gateway', 'request 6b089a00-d3d6-11eb-95aa-911f1ee6c684 failed'],
    ['a name in camel case', 'installed plugin accumulateResponse from edgemicroPluginsV2'],
    ['an address', 'connect EHOSTUNREACH 192.0.2.7:28021 - Local (0.0.0.0:0)'],
    ['a time', 'since 2021-06-23T03:52:24.110Z'],
    ['counters', 'rss=113664000, cpu=[956180, 944360], statusCodes={1=0, 2=546}'],
    ['a path', '/v1/orders/detail'],
    ['a long word', 'internationalization'],
  ])('keeps %s', (_, text) => {
    expect(maskTokens(text)).toBe(text)
  })
})

describe('a path without what looks like a token', () => {
  test('loses random pieces and UUIDs, and keeps the others', () => {
    const path = '/v2/reset/q7Zk2Vx9Tn4Lw8Rb3Yc6/users/6b089a00-d3d6-11eb-95aa-911f1ee6c684/orders-2021'
    expect(maskPathTokens(path)).toBe('/v2/reset/***/users/***/orders-2021')
  })
})

describe('a redactor that masks tokens', () => {
  const usual = new Redactor(REDACT_ALL, new Uint8Array(1))
  const strict = usual.with({ tokens: 'mask' })
  const TOKEN = 'q7Zk2Vx9Tn4Lw8Rb3Yc6'

  test('does so in paths, base paths, texts and rejected lines', () => {
    for (const shown of [
      strict.urlField(`v1/${TOKEN}/x`, null),
      strict.url(`v1/${TOKEN}/x`, null).path,
      strict.basePath(`v1/${TOKEN}`, null),
      strict.text(`no ${TOKEN} there`),
      strict.rejected(`no ${TOKEN} there`),
    ]) {
      expect(shown).toContain('***')
      expect(shown).not.toContain(TOKEN)
    }
  })

  test('gives the same hashes as the one that it was made of', () => {
    expect(strict.clientKey('k')).toBe(usual.clientKey('k'))
  })

  test('leaves the one that it was made of as it was', () => {
    expect(usual.text(`no ${TOKEN} there`)).toContain(TOKEN)
  })
})
