import { networkInterfaces } from 'node:os'
import { describe, expect, test } from '@jest/globals'
import { parseCaptureTarget } from '../../src/capture/capture-target.js'
import { interfaceTo, resolveTargets } from '../../src/capture/resolve.js'

const target = (text: string) => {
  const parsed = parseCaptureTarget(text)
  if (parsed === null) throw new Error(text)
  return parsed
}

const LOOPBACK = Object.entries(networkInterfaces()).find(([, infos]) => infos?.some(({ internal }) => internal))?.[0]

describe('addresses of targets', () => {
  test('are those that the resolver of this machine gives; an address needs none', async () => {
    const { resolved, unresolved } = await resolveTargets([target('localhost:80'), target('10.0.0.9:81')])
    expect(unresolved).toEqual([])
    expect(resolved[0].addresses.some((address) => ['127.0.0.1', '::1'].includes(address))).toBe(true)
    expect(resolved[1]).toMatchObject({ name: '10.0.0.9:81', port: 81, addresses: ['10.0.0.9'] })
  })

  test('of names that nobody knows are none, and the others are found all the same', async () => {
    const lookUp = async (host: string) => {
      if (host === 'no.invalid') throw Object.assign(new Error('no'), { code: 'ENOTFOUND' })
      return ['10.0.0.8', 'fe80::1%eth0']
    }
    const { resolved, unresolved } = await resolveTargets([target('no.invalid:1'), target('a.example:2')], lookUp)
    expect(unresolved).toMatchObject([{ target: { name: 'no.invalid:1' }, code: 'ENOTFOUND' }])
    expect(resolved).toMatchObject([{ addresses: ['10.0.0.8', 'fe80::1'] }])
  })
})

describe('the interface', () => {
  test('to this machine itself is the loopback one', async () => {
    expect(await interfaceTo(['127.0.0.1', '127.0.0.2'])).toBe(LOOPBACK)
    const own = Object.values(networkInterfaces())
      .flat()
      .find((info) => info?.family === 'IPv4' && !info.internal)
    expect(await interfaceTo([own?.address ?? '127.0.0.1'])).toBe(LOOPBACK)
  })

  test('is none where there are no addresses, or it cannot be told', async () => {
    expect(await interfaceTo([])).toBeNull()
    expect(await interfaceTo(['127.0.0.1', '255.255.255.255'])).toBeNull()
  })
})
