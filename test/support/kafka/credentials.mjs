import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { run } from '../servers/run.mjs'

/**
 * A user, and an authority that has signed two certificates, of the brokers and of a client, in the cluster's folder.
 * Made once: a cluster that is started again on the same folder has them still.
 */
export function credentials(directory) {
  const folder = path.join(directory, 'tls')
  const at = (name) => path.join(folder, name)
  const file = at('user.json')
  if (!fs.existsSync(file)) {
    fs.rmSync(folder, { recursive: true, force: true })
    fs.mkdirSync(folder, { recursive: true })
    makeAuthority(at)
    makeCertificate(at, 'broker', 'serverAuth')
    makeCertificate(at, 'client', 'clientAuth')
    fs.writeFileSync(
      at('broker.pem'),
      [at('broker.key'), at('broker.crt')].map((each) => fs.readFileSync(each)).join(''),
    )
    const user = { username: 'hangup_test', password: randomBytes(18).toString('base64url') }
    fs.writeFileSync(file, JSON.stringify(user), { mode: 0o600 })
  }
  return {
    ...JSON.parse(fs.readFileSync(file, 'utf8')),
    caFile: at('ca.crt'),
    clientCertFile: at('client.crt'),
    clientKeyFile: at('client.key'),
    brokerStore: at('broker.pem'),
  }
}

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

function makeAuthority(at) {
  const subject = ['-subj', '/CN=hangup-test-ca', '-addext', 'basicConstraints=critical,CA:TRUE']
  run('openssl', ['req', '-x509', ...KEY, '-days', '3650', ...subject, '-keyout', at('ca.key'), '-out', at('ca.crt')])
}

function makeCertificate(at, name, usage) {
  const [key, request, extensions] = [at(`${name}.key`), at(`${name}.csr`), at(`${name}.ext`)]
  run('openssl', ['req', ...KEY, '-subj', `/CN=${name}`, '-keyout', key, '-out', request])
  fs.writeFileSync(extensions, `subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=${usage}\n`)
  const authority = ['-CA', at('ca.crt'), '-CAkey', at('ca.key'), '-CAcreateserial', '-days', '3650']
  run('openssl', ['x509', '-req', '-in', request, ...authority, '-extfile', extensions, '-out', at(`${name}.crt`)])
}
