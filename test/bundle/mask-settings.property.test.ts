import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { maskSettings } from '../../src/bundle/mask-settings.js'
import { readYaml, writeYaml } from '../../src/config/document.js'
import { looksOpaque } from '../../src/redact/tokens.js'

/** What random keys look like, of many kinds; each one a whole word. */
const SECRET = fc
  .oneof(
    fc.stringMatching(/^[A-Za-z0-9]{20,40}$/),
    fc.stringMatching(/^[0-9a-f]{32}$/),
    fc.stringMatching(/^[A-Za-z0-9+/]{24}==$/),
    fc.stringMatching(/^sk_[A-Za-z0-9]{24}$/),
  )
  .filter(looksOpaque)

const NAME = fc.oneof(
  fc.constantFrom(
    'name',
    'url',
    'dir',
    'org',
    'level',
    'quota',
    'edgemicro',
    'proxies',
    'product_to_proxy',
    'anything',
    '__proto__',
  ),
  fc.stringMatching(/^[A-Za-z][\w-]{0,12}$/),
)

/** A secret alone, inside of a URL, in a sentence, behind a name, over several lines. */
const TEXT = fc
  .tuple(
    SECRET,
    fc.constantFrom(
      '@',
      'https://h.example/@',
      'https://u:@@h',
      'https://h/?a=@',
      'say @ now',
      'x=@',
      'a\n@\n',
      '/p/@',
      ' @',
    ),
  )
  .map(([secret, form]) => ({ secret, text: form.replace('@', () => secret) }))

interface Tree {
  readonly value: unknown
  readonly secrets: readonly string[]
}

const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    TEXT.map(({ secret, text }): Tree => ({ value: text, secrets: [secret] })),
    fc
      .array(tie('tree'), { maxLength: 3 })
      .map(
        (items): Tree => ({ value: items.map(({ value }) => value), secrets: items.flatMap(({ secrets }) => secrets) }),
      ),
    fc.array(fc.tuple(fc.oneof(NAME, SECRET), tie('tree')), { maxLength: 3 }).map(
      (items): Tree => ({
        value: Object.fromEntries(items.map(([name, { value }]) => [name, value])),
        secrets: [...items.map(([name]) => name).filter(looksOpaque), ...items.flatMap(([, { secrets }]) => secrets)],
      }),
    ),
  ),
}))

describe('masked settings', () => {
  test('hold no random key, wherever it stands and whatever its name is', () => {
    fc.assert(
      fc.property(tree, ({ value, secrets }) => {
        // As the file of a gateway would be read.
        const { data, usable } = readYaml(writeYaml({ settings: value }))
        const { data: shown, masked } = maskSettings(data)
        const text = `${writeYaml(shown)}\n${JSON.stringify(masked)}`
        expect({ usable, found: secrets.filter((secret) => text.includes(secret)) }).toEqual({
          usable: true,
          found: [],
        })
      }),
      { numRuns: 500 },
    )
  })
})
