// A member of a group in a process of its own, to be killed or stopped: prints each event as a line of JSON.
// node member-process.mjs '{"brokers":[…],"topic":…,"groupId":…}'
import { openGroupReader } from '../../../dist/sources/kafka/group-reader.js'

const options = JSON.parse(process.argv[2])
const print = (event) => process.stdout.write(`${JSON.stringify(event)}\n`)
const reader = openGroupReader({
  security: { tls: false },
  clientId: 'member-process',
  ...options,
  startOf: (_, committed) => committed?.offset ?? 'beginning',
  onProblem: ({ code, message }) => print({ kind: 'problem', code, message }),
})
const stop = new AbortController()
process.once('SIGTERM', () => stop.abort())
const next = new Map()
setInterval(async () => {
  const positions = [...next].map(([partition, offset]) => ({ partition, offset, metadata: `by ${process.pid}` }))
  next.clear()
  const lost = positions.length === 0 ? [] : await reader.commit(positions)
  if (positions.length > 0) print({ kind: 'committed', positions, lost })
}, 200).unref()
for await (const event of reader.read(stop.signal)) {
  if (event.kind === 'assigned') print(event)
  else {
    const { partition, messages, nextOffset } = event.batch
    print({ kind: 'batch', partition, nextOffset, values: messages.map(({ value }) => value.toString()) })
    next.set(partition, nextOffset)
  }
}
print({ kind: 'end' })
