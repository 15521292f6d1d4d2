import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { connectKibana } from '../../../src/kibana/connection.js'
import { askVersion } from '../../../src/kibana/version.js'

const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'hangup-tls-'))
const [key, certificate] = ['key.pem', 'certificate.pem'].map((name) => path.join(directory, name))
let server: https.Server

beforeAll(async () => {
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1']
  const made = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-keyout', key, '-out', certificate]
  execFileSync('openssl', [...made, ...subject], { stdio: 'ignore' })
  const identity = { key: fs.readFileSync(key), cert: fs.readFileSync(certificate) }
  server = https.createServer(identity, (_, response) => response.end('{"version":{"number":"9.1.0"}}'))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})

afterAll(() => {
  server.close()
  fs.rmSync(directory, { recursive: true })
})

describe('a Kibana with a certificate of its own', () => {
  const connect = (ca: string | null) => {
    const { port } = server.address() as AddressInfo
    return connectKibana({ url: `https://127.0.0.1:${port}`, space: null, auth: null, ca, timeoutMs: 10_000 })
  }

  test('is believed where its authority is named', async () => {
    const ca = fs.readFileSync(certificate, 'utf8')
    expect(await askVersion(connect(ca))).toEqual({ major: 9, minor: 1, number: '9.1.0' })
  })

  test('is not believed otherwise', async () => {
    await expect(askVersion(connect(null))).rejects.toMatchObject({
      code: 'store_denied',
      hint: expect.stringContaining('KIBANA_CA'),
    })
  })
})
