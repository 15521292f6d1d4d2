import { describe, expect, test } from '@jest/globals'
import { compareRotations, readLogFileName } from '../../src/sources/log-file-name.js'

const ID = '3f9a'.repeat(16)
const UID = '027cea80-e6eb-11f1-92ab-a95a4d190f64'

describe('the name of a log file', () => {
  test.each([
    ['a gateway log', `/var/tmp/edgemicro-emg-dev-01-${UID}-1-api.log`, `emg-dev-01/${UID}`, 'emg-dev-01'],
    [
      'a packed one in another directory',
      `x/edgemicro-emg-dev-01-${UID}-12-api.log.gz`,
      `emg-dev-01/${UID}`,
      'emg-dev-01',
    ],
    ['one that a log rotator renamed', `edgemicro-gw-${UID}-1-api.log.1.gz`, `gw/${UID}`, 'gw'],
    ['one that a log rotator dated', `edgemicro-gw-${UID}-1-api.log-20260101.gz`, `gw/${UID}`, 'gw'],
    ['one that logrotate set aside', `edgemicro-gw-${UID}-1-api.log-2026010103.backup`, `gw/${UID}`, 'gw'],
    [
      'a host name with dots',
      `edgemicro-gw-1.example.com-${UID}-1-api.log`,
      `gw-1.example.com/${UID}`,
      'gw-1.example.com',
    ],
    [
      'an older uid',
      '/var/tmp/edgemicro-mymachine-local-MTQzNTgNDMxODAyMQ-1-api.log',
      'mymachine-local/MTQzNTgNDMxODAyMQ',
      'mymachine-local',
    ],
    [
      'the output of a pod',
      `/var/log/pods/edge_emg-7d9f-x2x4z_${UID}/edgemicro/3.log`,
      `edge/emg-7d9f-x2x4z/edgemicro/${UID}/3`,
      'edge/emg-7d9f-x2x4z/edgemicro',
    ],
    [
      'one that kubelet rotated and packed',
      `/var/log/pods/edge_emg-7d9f-x2x4z_${UID}/edgemicro/3.log.20260101-101500.gz`,
      `edge/emg-7d9f-x2x4z/edgemicro/${UID}/3`,
      'edge/emg-7d9f-x2x4z/edgemicro',
    ],
    [
      "a link of kubelet's",
      `/var/log/containers/emg-7d9f-x2x4z_edge_edge-micro-${ID}.log`,
      `edge/emg-7d9f-x2x4z/edge-micro/${ID}`,
      'edge/emg-7d9f-x2x4z/edge-micro',
    ],
    [
      "the output of one of Docker's containers",
      `/var/lib/docker/containers/${ID}/${ID}-json.log.1`,
      ID,
      ID.slice(0, 12),
    ],
    ['any other log', '/logs/gateway.log.3', '/logs/gateway.log', null],
    ['any other log, packed and dated', '/logs/gateway.log-20260101.gz', '/logs/gateway.log', null],
    ['console output', 'console.txt', 'console.txt', null],
  ])('tells partition and gateway of %s', (_name, path, partition, gateway) => {
    expect(readLogFileName(path)).toMatchObject({ partition, gateway })
  })

  test("orders kubelet's rotations by age, oldest first", () => {
    const log = `/var/log/pods/edge_emg_${UID}/edgemicro/0.log`
    const oldestFirst = [`${log}.20251231-235959.gz`, `${log}.20260101-000000`, `${log}.20260101-000001`, log]
    const sorted = oldestFirst
      .toReversed()
      .sort((left, right) => compareRotations(readLogFileName(left).rotation, readLogFileName(right).rotation))
    expect(sorted).toEqual(oldestFirst)
  })

  test('orders rotations by age, oldest first', () => {
    const oldestFirst = [
      `edgemicro-gw-${UID}-2-api.log-20251231.gz`,
      `edgemicro-gw-${UID}-2-api.log-20260101`,
      `edgemicro-gw-${UID}-2-api.log-2026010113`,
      `edgemicro-gw-${UID}-2-api.log.10.gz`,
      `edgemicro-gw-${UID}-2-api.log.2`,
      `edgemicro-gw-${UID}-2-api.log`,
      `edgemicro-gw-${UID}-10-api.log.1`,
      `edgemicro-gw-${UID}-10-api.log`,
    ]
    const sorted = [...oldestFirst]
      .sort()
      .sort((left, right) => compareRotations(readLogFileName(left).rotation, readLogFileName(right).rotation))
    expect(sorted).toEqual(oldestFirst)
  })
})
