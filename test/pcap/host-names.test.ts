import { expect, test } from '@jest/globals'
import { HostNames } from '../../src/pcap/host-names.js'

const endpoints = (names: HostNames, target: string) => {
  const found = names.endpointsOf(target)
  return found === null ? null : [...found]
}

test('an address is its own endpoint', () => {
  expect(endpoints(new HostNames(), '10.0.0.9:8080')).toEqual(['10.0.0.9:8080'])
  expect(endpoints(new HostNames(), '[2001:db8::9]:443')).toEqual(['[2001:db8::9]:443'])
})

test('a name that nothing tells of is unknown', () => {
  expect(endpoints(new HostNames(), 't1.example:80')).toBeNull()
})

test("a name has the addresses of its name servers' answers, with the port of the target", () => {
  const names = new HostNames()
  names.answer('t1.example', ['10.0.0.9', '10.0.0.10'])
  names.answer('t1.example', ['10.0.0.10', '10.0.0.11'])
  expect(endpoints(names, 'T1.example:81')).toEqual(['10.0.0.9:81', '10.0.0.10:81', '10.0.0.11:81'])
})

test('what the user says goes before all that captures tell', () => {
  const names = new HostNames(new Map([['T1.example', ['10.1.1.1', '2001:db8::1']]]))
  names.answer('t1.example', ['10.0.0.9'])
  names.observe('t1.example', '10.0.0.9:80')
  expect(endpoints(names, 't1.example:80')).toEqual(['10.1.1.1:80', '[2001:db8::1]:80'])
})

test('the Host of requests names their endpoint, unless most of them say otherwise', () => {
  const names = new HostNames()
  for (let i = 0; i < 3; i++) names.observe('t1.example:8080', '10.0.0.9:8080')
  names.observe('t2.example:8080', '10.0.0.9:8080')
  expect(endpoints(names, 't1.example:8080')).toEqual(['10.0.0.9:8080'])
  expect(endpoints(names, 't2.example:8080')).toBeNull()
  expect(endpoints(names, 't1.example:9090')).toBeNull()
})

test('an endpoint has the names that stand for it', () => {
  const names = new HostNames(new Map([['a.example', ['10.0.0.9']]]))
  names.answer('b.example', ['10.0.0.9'])
  names.observe('c.example:8080', '10.0.0.9:8080')
  expect([...names.targetsOf('10.0.0.9:8080')].sort()).toEqual([
    '10.0.0.9:8080',
    'a.example:8080',
    'b.example:8080',
    'c.example:8080',
  ])
})
