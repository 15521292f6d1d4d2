import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { ConfigError } from '../../../src/errors.js'
import { readServerFile } from '../../../src/keepalive/files/read-server-file.js'
import { matchesWildcard } from '../../../src/keepalive/files/wildcard.js'
import { brief } from './support.js'

describe('a server file on disk', () => {
  let directory: string
  beforeEach(() => {
    directory = fs.mkdtempSync(path.join(os.tmpdir(), 'hangup-server-'))
  })
  afterEach(() => fs.rmSync(directory, { recursive: true }))

  function write(name: string, text: string): string {
    const file = path.join(directory, name)
    fs.mkdirSync(path.dirname(file), { recursive: true })
    fs.writeFileSync(file, text)
    return file
  }

  test('is read with what it includes, relative to the main file, in the order of names', () => {
    const main = write('nginx.conf', 'http { include conf.d/*.conf; include sites/on; include none-of-these/*; }')
    write('conf.d/b.conf', 'server { listen 2; }')
    write('conf.d/a.conf', 'include keep; server { listen 1; }')
    write('conf.d/a.conf.old', 'server { listen 9; }')
    write('keep', 'keepalive_timeout 3s;')
    write('sites/on', 'server { listen 3; }')
    expect(brief(readServerFile('nginx', main).receives)).toMatchObject([
      { ports: [1], idle: 3000 },
      { ports: [2], idle: 3000 },
      { ports: [3], idle: 3000 },
    ])
  })

  test('of each kind is read', () => {
    expect(readServerFile('haproxy', write('h', 'listen a\n bind :1')).receives).toHaveLength(1)
    expect(readServerFile('tomcat', write('t', '<Server><Connector port="1"/></Server>')).receives).toHaveLength(1)
    const apache = write('a', 'Include sites/\nIncludeOptional not/there')
    write('sites/x', '<VirtualHost *:1>\n</VirtualHost>')
    expect(readServerFile('apache', apache).receives).toHaveLength(2)
  })

  const failing = (file: string): Error => {
    try {
      readServerFile('nginx', file)
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigError)
      return error as Error
    }
    throw new Error('it was read')
  }

  test.each([
    ['is not there', 'nothing.conf', 'no such file'],
    ['is a directory', '.', 'not a regular file'],
  ])('is refused that %s', (_, name, reason) => {
    expect(failing(path.join(directory, name)).message).toContain(reason)
  })

  test('is refused that would block: a pipe, a device', () => {
    execFileSync('mkfifo', [path.join(directory, 'pipe')])
    expect(failing(path.join(directory, 'pipe')).message).toContain('not a regular file')
    expect(failing('/dev/zero').message).toContain('not a regular file')
  })

  test('is refused that is far too large, however large it says it is', () => {
    expect(failing(write('large', ' '.repeat(5 << 20))).message).toContain('far too large')
  })

  test('is refused that includes itself, or what is not there, by file and line', () => {
    const self = write('self.conf', 'http {\n include self.conf;\n}')
    expect(failing(self).message).toContain('self.conf:2: includes are nested too deeply')
    const lost = write('lost.conf', '\ninclude gone.conf;')
    expect(failing(lost).message).toContain('lost.conf:2: the included file is not there')
    const wild = write('wild.conf', 'include */x.conf;')
    expect(failing(wild).message).toContain('wild.conf:1: wildcards are read in the last part of a path only')
  })

  test('is refused that includes one file again and again', () => {
    write('more', 'include end;\n'.repeat(100))
    write('end', '')
    expect(failing(write('many.conf', 'include more;\n'.repeat(100))).message).toContain('too many files are included')
  })
})

test.each([
  ['a.conf', '*.conf', true],
  ['a.conf', 'a.con?', true],
  ['a.conf', '*a*c*f*', true],
  ['a.conf', '*.cfg', false],
  ['a.conf', '', false],
  ['', '*', true],
  ['aaaa', 'a*ab', false],
  [`${'a'.repeat(250)}`, `${'*a'.repeat(120)}*b`, false],
])('the name %s and the pattern %s: %s', (name, pattern, expected) => {
  expect(matchesWildcard(name, pattern)).toBe(expected)
})
