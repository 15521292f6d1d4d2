import fs from 'node:fs'

const READ_BYTES = 4 << 20

/** Calls `onLine` with each line of a file as text; a gigabyte of NDJSON is read in pieces. Returns their number. */
export function forEachLine(file, onLine) {
  const input = fs.openSync(file, 'r')
  const block = Buffer.allocUnsafe(READ_BYTES)
  let [rest, lines] = [Buffer.alloc(0), 0]
  for (;;) {
    const length = fs.readSync(input, block)
    if (length === 0) break
    const bytes = Buffer.concat([rest, block.subarray(0, length)])
    const end = bytes.lastIndexOf(10) + 1
    rest = Buffer.from(bytes.subarray(end))
    if (end === 0) continue
    for (const line of bytes.toString('utf8', 0, end - 1).split('\n')) {
      lines += 1
      onLine(line)
    }
  }
  fs.closeSync(input)
  if (rest.length > 0) {
    lines += 1
    onLine(rest.toString())
  }
  return lines
}
