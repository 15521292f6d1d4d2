// Whether something listens on a port of this host: ends with 0 or 1.

import net from 'node:net'

const socket = net.connect({ port: Number(process.argv[2]), host: '127.0.0.1', timeout: 3_000 })
const end = (code) => process.exit(code)
socket
  .on('connect', () => end(0))
  .on('error', () => end(1))
  .on('timeout', () => end(1))
