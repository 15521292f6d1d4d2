import { expect, test } from '@jest/globals'
import { readKeepAliveHeader } from '../../../src/keepalive/probe/keep-alive-header.js'

test.each([
  ['timeout=5', { timeoutMs: 5_000, maxRequests: null }],
  ['timeout=5, max=100', { timeoutMs: 5_000, maxRequests: 100 }],
  ['max=99,timeout=15', { timeoutMs: 15_000, maxRequests: 99 }],
  ['Timeout = "20"', { timeoutMs: 20_000, maxRequests: null }],
  ['timeout=0', { timeoutMs: 0, maxRequests: null }],
  ['hdrtimeout=5', null],
  ['timeout=5s', null],
  ['timeout=-1', null],
  ['', null],
])('reads %s', (text, expected) => {
  expect(readKeepAliveHeader(text)).toEqual(expected)
})
