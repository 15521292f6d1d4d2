import { describe, expect, test } from '@jest/globals'
import { REDACT_ALL, Redactor, SHOW_ALL } from '../../src/redact/redactor.js'

const SECRET = 'sEcReT0123456789'
const redactor = new Redactor(REDACT_ALL, Buffer.from('one'))

describe('Redactor', () => {
  test('hashes an API key to the same 16 digits each time', () => {
    const key = redactor.clientKey(SECRET)
    expect(key).toMatch(/^key:[0-9a-f]{16}$/)
    expect(redactor.clientKey(SECRET)).toBe(key)
    expect(new Redactor(REDACT_ALL, Buffer.from('one')).clientKey(SECRET)).toBe(key)
  })

  test('hashes with its secret, so that keys can not be guessed', () => {
    expect(new Redactor(REDACT_ALL, Buffer.from('two')).clientKey(SECRET)).not.toBe(redactor.clientKey(SECRET))
  })

  test('leaves a key that is hidden already, and no other one that looks like it', () => {
    const key = 'key:0123456789abcdef'
    expect(redactor.clientKey(key)).toBe(key)
    expect(redactor.clientKey(redactor.clientKey(SECRET))).toBe(redactor.clientKey(SECRET))
    for (const other of ['key:0123456789ABCDEF', 'key:0123456789abcde', `${key}0`, ` ${key}`, `${key}\n`]) {
      expect(redactor.clientKey(other)).not.toBe(other)
    }
    expect(new Redactor({ ...REDACT_ALL, clientId: 'drop' }, Buffer.from('one')).clientKey(key)).toBeNull()
  })

  test('tells keys apart', () => {
    expect(redactor.clientKey(`${SECRET}x`)).not.toBe(redactor.clientKey(SECRET))
  })

  test('gives the same hash after more keys than its cache holds', () => {
    const many = new Redactor(REDACT_ALL, Buffer.from('one'))
    const key = many.clientKey(SECRET)
    for (let i = 0; i < 10_001; i++) many.clientKey(`${i}`)
    expect(many.clientKey(SECRET)).toBe(key)
  })

  test('has no key where there is none, or keys are dropped', () => {
    expect(redactor.clientKey(null)).toBeNull()
    expect(new Redactor({ ...REDACT_ALL, clientId: 'drop' }, Buffer.from('one')).clientKey(SECRET)).toBeNull()
  })

  test('masks the own key in texts and urls even where keys are dropped', () => {
    const drops = new Redactor({ ...REDACT_ALL, clientId: 'drop' }, Buffer.from('one'))
    expect(drops.text(`no app for ${SECRET}`, SECRET)).not.toContain(SECRET)
    expect(drops.url(`v1/${SECRET}`, SECRET).path).not.toContain(SECRET)
  })

  test('shows everything where that is switched on', () => {
    const open = new Redactor(SHOW_ALL, Buffer.from('one'))
    expect(open.clientKey(SECRET)).toBe(SECRET)
    expect(open.urlField(`v1/${SECRET}?a=${SECRET}`, SECRET)).toBe(`v1/${SECRET}?a=${SECRET}`)
    expect(open.text(`token=${SECRET}`, SECRET)).toBe(`token=${SECRET}`)
    expect(open.rejected(`[${SECRET}]`)).toBe(`[${SECRET}]`)
  })

  test('leaves nothing as nothing', () => {
    expect(redactor.text(null)).toBeNull()
    expect(redactor.urlField(null, SECRET)).toBeNull()
    expect(redactor.url(null, SECRET)).toEqual({ path: null, query: null })
  })

  test('masks rejected lines', () => {
    expect(redactor.rejected(`x [${SECRET}]`)).not.toContain(SECRET)
  })
})
