import net from 'node:net'

/**
 * A target that gives idle connections up after `idleMs`, and tells for each request what became of it. It is deaf for
 * `wayMs` before the close is sent, as if that were on its way: requests that come meanwhile are races. A request says what is to be
 * done with it: `x-act: close|reset|slow`, `x-after: MS`.
 */
export async function startTarget({ idleMs, wayMs, port = 0 }) {
  /** By path: 'read' (answered), 'closed' (by intent); what is missing was never read. */
  const seen = new Map()
  const sockets = new Set()
  const server = net.createServer((socket) => {
    sockets.add(socket)
    socket.setNoDelay(true)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
    let head = ''
    let isDeaf = false
    let timer
    const armIdle = () => {
      timer = setTimeout(() => {
        isDeaf = true
        setTimeout(() => socket.end(), wayMs())
      }, idleMs)
    }
    socket.setEncoding('latin1').on('data', (text) => {
      if (isDeaf) return
      head += text
      if (!head.includes('\r\n\r\n')) return
      clearTimeout(timer)
      const field = (name) => new RegExp(`^${name}: (.*)\r$`, 'im').exec(head)?.[1]
      const name = head.split(' ')[1]
      const act = field('x-act') ?? 'answer'
      const afterMs = Number(field('x-after') ?? 0)
      head = ''
      seen.set(name, act === 'close' || act === 'reset' ? 'closed' : 'read')
      setTimeout(() => {
        if (act === 'close') socket.end()
        else if (act === 'reset') socket.resetAndDestroy()
        else {
          socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
          armIdle()
        }
      }, afterMs)
    })
  })
  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve))
  return {
    name: `localhost:${server.address().port}`,
    seen,
    close: () => {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}
