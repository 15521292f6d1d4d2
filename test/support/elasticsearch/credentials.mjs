import { pbkdf2Sync, randomBytes } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { run } from '../servers/run.mjs'

/**
 * A superuser, and a certificate of its own for localhost, in the server's configuration folder. Made once: a server
 * that is started again on the same folder has them still.
 */
export function credentials(configuration, java) {
  const file = path.join(configuration, 'hangup-credentials.json')
  const caFile = path.join(configuration, 'http.crt')
  if (!fs.existsSync(file)) {
    const made = { username: 'hangup_test', password: secret(), storePassword: secret() }
    makeCertificate(configuration, caFile, java, made.storePassword)
    fs.writeFileSync(path.join(configuration, 'users'), `${made.username}:${hashed(made.password)}\n`)
    fs.writeFileSync(path.join(configuration, 'users_roles'), `superuser:${made.username}\n`)
    fs.writeFileSync(file, JSON.stringify(made), { mode: 0o600 })
  }
  return { ...JSON.parse(fs.readFileSync(file, 'utf8')), caFile }
}

const secret = () => randomBytes(18).toString('base64url')

function makeCertificate(configuration, caFile, java, storePassword) {
  const store = path.join(configuration, 'http.p12')
  fs.rmSync(store, { force: true })
  const keytool = path.join(java, 'bin/keytool')
  const at = ['-storetype', 'PKCS12', '-keystore', store, '-storepass', storePassword, '-alias', 'http']
  const key = ['-keyalg', 'EC', '-groupname', 'secp256r1', '-validity', '3650', '-dname', 'CN=localhost']
  run(keytool, ['-genkeypair', ...at, ...key, '-ext', 'bc:c', '-ext', 'san=dns:localhost,ip:127.0.0.1'])
  run(keytool, ['-exportcert', '-rfc', ...at, '-file', caFile])
}

/** As the server's file realm reads it: `{PBKDF2}<cost>$<salt>$<hash>`, HMAC-SHA512. */
function hashed(password) {
  const cost = 10_000
  const salt = randomBytes(32)
  const hash = pbkdf2Sync(password, salt, cost, 32, 'sha512')
  return `{PBKDF2}${cost}$${salt.toString('base64')}$${hash.toString('base64')}`
}
