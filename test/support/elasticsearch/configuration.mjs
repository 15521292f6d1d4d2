import fs from 'node:fs'
import path from 'node:path'
import { marker } from '../servers/process.mjs'
import { credentials } from './credentials.mjs'

/** Writes the configuration of a server into its folder; the credentials where it is secure, else null. */
export function configure({ directory, home, java, port, transportPort, secure, settings, heapMb = 512, c1 = true }) {
  const configuration = path.join(directory, 'conf')
  const logs = path.join(directory, 'logs')
  const folders = [
    path.join(configuration, 'jvm.options.d'),
    path.join(directory, 'data'),
    logs,
    path.join(directory, 'tmp'),
  ]
  for (const folder of folders) fs.mkdirSync(folder, { recursive: true })
  for (const name of ['log4j2.properties', 'roles.yml', 'role_mapping.yml']) {
    const file = path.join(home, 'config', name)
    if (fs.existsSync(file)) fs.copyFileSync(file, path.join(configuration, name))
  }
  const login = secure ? credentials(configuration, java) : null
  const all = {
    'cluster.name': 'hangup-test',
    'node.name': 'hangup-test-0',
    'discovery.type': 'single-node',
    'network.host': '127.0.0.1',
    'http.port': port,
    'transport.port': transportPort,
    'path.data': path.join(directory, 'data'),
    'path.logs': logs,
    // A nearly full disk of the machine is none of the tests' business; one that is asks for it.
    'cluster.routing.allocation.disk.threshold_enabled': false,
    'xpack.security.enabled': login !== null,
    ...(login !== null && secureSettings(login)),
    ...settings,
  }
  const lines = Object.entries(all).map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`)
  fs.writeFileSync(path.join(configuration, 'elasticsearch.yml'), lines.join(''), { mode: 0o600 })
  writeJvmOptions(configuration, { home, logs, directory, heapMb, c1 })
  return login
}

const secureSettings = ({ storePassword }) => ({
  'xpack.security.http.ssl.enabled': true,
  'xpack.security.http.ssl.keystore.path': 'http.p12',
  'xpack.security.http.ssl.keystore.password': storePassword,
  'xpack.security.transport.ssl.enabled': false,
  'xpack.security.enrollment.enabled': false,
})

/** Elastic's own options, without the log of the garbage collector; then ours. */
function writeJvmOptions(configuration, { home, logs, directory, heapMb, c1 }) {
  const stock = fs.readFileSync(path.join(home, 'config/jvm.options'), 'utf8')
  const quiet = stock
    .replace(/^-Xlog:gc.*$/m, '')
    .replace(/^-XX:ErrorFile=.*$/m, `-XX:ErrorFile=${logs}/hs_err_pid%p.log`)
  fs.writeFileSync(path.join(configuration, 'jvm.options'), quiet)
  const ours = [
    `-Xms${heapMb}m`,
    `-Xmx${heapMb}m`,
    '-XX:-AlwaysPreTouch',
    `-XX:HeapDumpPath=${logs}`,
    // The quick compiler alone: half the time to start, a third of the speed under load.
    ...(c1 ? ['-XX:TieredStopAtLevel=1'] : []),
    marker(directory),
  ]
  fs.writeFileSync(path.join(configuration, 'jvm.options.d/hangup.options'), `${ours.join('\n')}\n`)
}
