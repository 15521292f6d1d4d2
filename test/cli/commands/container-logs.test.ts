import fs from 'node:fs'
import path from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, describe, expect, test } from '@jest/globals'
import type { FailureDocument } from '../../../src/records.js'
import { projectDirectory, Sandbox } from '../../support/cli.js'

const sandbox = new Sandbox()
const sample = path.join(
  projectDirectory,
  'pipelines/samples/edgemicro-emg-dev-01-05f15820-e6e8-11f1-9601-d52ab624f7a8-1-api.log.gz',
)
const lines = gunzipSync(fs.readFileSync(sample)).toString('latin1').split('\n').slice(0, -1)
const DOCKER_ID = '3f9a'.repeat(16)
const UID = '027cea80-e6eb-11f1-92ab-a95a4d190f64'
const TIME = '2026-11-23T02:41:07.896123456Z'

afterAll(() => sandbox.remove())

/** A runtime cuts at 16 KiB; here sooner, so that there is something to join. */
const PIECE = 120

const pieces = (line: string): readonly string[] => line.match(new RegExp(`.{1,${PIECE}}`, 'gs')) ?? ['']

const cri = (line: string): readonly string[] =>
  pieces(line).map((text, index, all) => `${TIME} stdout ${index < all.length - 1 ? 'P' : 'F'} ${text}\n`)

const docker = (line: string): readonly string[] =>
  pieces(line).map((text, index, all) => {
    const log = index < all.length - 1 ? text : `${text}\n`
    return `${JSON.stringify({ log, stream: 'stdout', time: TIME })}\n`
  })

/** Cut between the pieces of a line, as a rotation may. */
function rotated(
  entries: readonly string[],
  isPiece: (entry: string) => boolean,
): readonly [old: string, live: string] {
  const at = entries.findIndex((entry, index) => index > entries.length / 2 && isPiece(entry)) + 1
  return [entries.slice(0, at).join(''), entries.slice(at).join('')]
}

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1')

async function failuresOf(place: string): Promise<readonly FailureDocument[]> {
  const { stdout, stderr, code } = await sandbox.hangup(['failures', place])
  expect([code, stderr]).toEqual([0, expect.not.stringContaining('rejected lines')])
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
}

/** What a failure is, wherever its lines stood. */
function essence({ log: _, edgemicro, ...failure }: FailureDocument) {
  const { gateway: _gateway, ...rest } = edgemicro
  return { ...failure, edgemicro: rest }
}

describe('failures out of container logs are those of the plain log', () => {
  test.each([
    [
      'of a pod, rotated in the middle of a line and packed',
      'edge/emg-7d9f-x2x4z/edgemicro',
      () => {
        const [old, live] = rotated(lines.flatMap(cri), (entry) => entry.includes('stdout P'))
        const pod = `pods/edge_emg-7d9f-x2x4z_${UID}/edgemicro`
        sandbox.write(`${pod}/0.log.20261123-024200.gz`, gzipSync(latin1(old)))
        sandbox.write(`${pod}/0.log`, latin1(live))
        return sandbox.path(pod)
      },
    ],
    [
      "of Docker's json-file driver",
      DOCKER_ID.slice(0, 12),
      () => {
        const [old, live] = rotated(lines.flatMap(docker), (entry) => !entry.includes('\\n",'))
        const container = `containers/${DOCKER_ID}`
        sandbox.write(`${container}/${DOCKER_ID}-json.log.1`, latin1(old))
        sandbox.write(`${container}/${DOCKER_ID}-json.log`, latin1(live))
        return sandbox.path(container)
      },
    ],
  ])('%s', async (_, gateway, lay) => {
    const plain = await failuresOf(sample)
    const wrapped = await failuresOf(lay())
    expect(wrapped.map(essence)).toEqual(plain.map(essence))
    expect(plain.length).toBeGreaterThan(0)
    expect(new Set(wrapped.map(({ edgemicro }) => edgemicro.gateway))).toEqual(new Set([gateway]))
  })
})
