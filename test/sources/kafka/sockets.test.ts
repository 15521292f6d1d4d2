import { once } from 'node:events'
import net from 'node:net'
import { afterEach, expect, test } from '@jest/globals'
import { Sockets } from '../../../src/sources/kafka/sockets.js'

const server = net.createServer((socket) => socket.resume())

afterEach(() => void server.close())

test('sockets that are closed tell kafkajs so by an error: it notices no other end of ours', async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as net.AddressInfo
  const sockets = new Sockets()
  const open = (): net.Socket =>
    sockets.factory({ host: '127.0.0.1', port, ssl: undefined as never, onConnect: () => {} }) as net.Socket
  const early = open()
  await once(early, 'connect')
  const told = once(early, 'error')
  sockets.destroy()
  expect(await told).toMatchObject([{ message: 'closed' }])
  expect(await once(open(), 'error')).toMatchObject([{ message: 'closed' }])
})
