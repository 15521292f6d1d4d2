import { hostname } from 'node:os'
import { afterAll, describe, expect, test } from '@jest/globals'
import { ndjson, Sandbox } from '../../support/cli.js'
import { clientHalf, targetHalf } from '../../support/lines.js'

const sandbox = new Sandbox()

afterAll(() => sandbox.remove())

const pipeline = sandbox.write(
  'machine.yaml',
  '{ source: { stdin: {} }, gateway: { hostFrom: machine }, sinks: [{ stdout: {} }] }',
)

describe('the name of the machine', () => {
  test.each([
    [
      'what HANGUP_HOST says, as a container is to say',
      { HANGUP_HOST: 'node-7.cluster.example' },
      'node-7.cluster.example',
    ],
    ["the system's own where nothing says so", {}, hostname()],
    ["the system's own where HANGUP_HOST is empty", { HANGUP_HOST: '' }, hostname()],
  ])('is %s', async (_, environment, expected) => {
    const options = { environment, stdin: `${targetHalf()}\n${clientHalf()}\n` }
    const { code, stdout } = await sandbox.hangup(['run', '--once', pipeline], options)
    expect({ code, gateways: ndjson(stdout).map(({ edgemicro }) => edgemicro.gateway) }).toEqual({
      code: 0,
      gateways: [expected],
    })
  })
})
