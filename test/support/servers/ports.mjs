import net from 'node:net'

/** Ports below those that systems give to outgoing connections: one of these is free still when a server comes back. */
export async function freePorts(count) {
  const found = []
  while (found.length < count) {
    const port = 20_000 + Math.floor(Math.random() * 12_000)
    if (!found.includes(port) && (await isFree(port))) found.push(port)
  }
  return found
}

function isFree(port) {
  return new Promise((resolve) => {
    const probe = net.createServer().once('error', () => resolve(false))
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
  })
}
