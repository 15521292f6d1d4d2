const HEADER_BYTES = 24
const RECORD_BYTES = 16

/** A classic capture as the files of a ring, of so many packets each. */
export function split(capture: Buffer, packets: number): readonly Buffer[] {
  const header = capture.subarray(0, HEADER_BYTES)
  const records: Buffer[] = []
  for (let at = HEADER_BYTES; at < capture.length; ) {
    const end = at + RECORD_BYTES + capture.readUInt32LE(at + 8)
    records.push(capture.subarray(at, end))
    at = end
  }
  const files: Buffer[] = []
  for (let at = 0; at < records.length; at += packets) {
    files.push(Buffer.concat([header, ...records.slice(at, at + packets)]))
  }
  return files
}
