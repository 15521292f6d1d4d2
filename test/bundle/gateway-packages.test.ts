import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, test } from '@jest/globals'
import { gatewayPackages } from '../../src/bundle/gateway-packages.js'

const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'hangup-packages-'))
afterAll(() => fs.rmSync(directory, { recursive: true }))

/** As npm installs it globally: a link among the programs, dependencies below or beside it. */
function install(name: string, packages: Readonly<Record<string, object>>): string {
  const modules = path.join(directory, name, 'lib', 'node_modules')
  const bin = path.join(directory, name, 'bin')
  fs.mkdirSync(path.join(modules, 'edgemicro', 'cli'), { recursive: true })
  fs.mkdirSync(bin, { recursive: true })
  fs.writeFileSync(path.join(modules, 'edgemicro', 'cli', 'edgemicro'), '')
  fs.symlinkSync(path.join('..', 'lib', 'node_modules', 'edgemicro', 'cli', 'edgemicro'), path.join(bin, 'edgemicro'))
  for (const [place, manifest] of Object.entries(packages)) {
    fs.mkdirSync(path.join(modules, place), { recursive: true })
    fs.writeFileSync(path.join(modules, place, 'package.json'), JSON.stringify(manifest))
  }
  return bin
}

describe("versions of the gateway's packages", () => {
  test('are those of the edgemicro that the search path finds first', async () => {
    const bin = install('first', {
      edgemicro: { name: 'edgemicro', version: '3.3.7', secret: 'hunter' },
      'edgemicro/node_modules/microgateway-core': { name: 'microgateway-core', version: '3.3.7' },
      'microgateway-config': { name: 'microgateway-config', version: '3.3.5' },
    })
    const other = install('second', { edgemicro: { name: 'edgemicro', version: '2.0.0' } })
    expect(await gatewayPackages(['/nowhere', bin, other].join(path.delimiter))).toEqual({
      edgemicro: '3.3.7',
      'microgateway-core': '3.3.7',
      'microgateway-config': '3.3.5',
    })
  })

  test('are not taken from packages of other names, nor where they are no versions', async () => {
    const bin = install('third', {
      edgemicro: { name: 'other', version: '1.0.0' },
      'microgateway-core': { name: 'microgateway-core', version: 'token hunter' },
    })
    expect(await gatewayPackages(bin)).toEqual({})
  })

  test('are none where no gateway is installed', async () => {
    expect(await gatewayPackages('')).toEqual({})
  })
})
