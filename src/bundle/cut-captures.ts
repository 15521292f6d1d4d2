import { basename } from 'node:path'
import { InputError } from '../errors.js'
import { fileChunks } from '../pcap/read-capture.js'
import type { Redactor } from '../redact/redactor.js'
import { unpacked } from '../sources/gunzip.js'
import { inputProblem } from '../sources/input-problems.js'
import type { Entry } from './entry.js'
import type { EntryNames } from './entry-names.js'
import { HeadersOnly } from './headers-only.js'
import type { Spool } from './spool.js'

export interface CutCaptureOptions {
  readonly redactor: Redactor
  readonly names: EntryNames
  readonly openSpool: () => Spool
  /** Told of bytes as they are read. */
  readonly onBytes?: (bytes: number) => void
  readonly signal: AbortSignal
}

/** A capture in the archive. */
export interface CaptureEntry {
  readonly entry: Entry
  readonly packets: number
  /** Captured bytes that were left out. */
  readonly cutBytes: number
  /** It ended in the middle of a packet, or went on as no capture does. */
  readonly problem: InputError | null
}

/** Reads a capture, plain or packed with gzip, and keeps its headers. Throws `InputError` where it is none. */
export async function cutCapture(file: string, options: CutCaptureOptions): Promise<CaptureEntry> {
  const { names, redactor, openSpool, onBytes, signal } = options
  const cut = new HeadersOnly()
  const spool = openSpool()
  let problem: InputError | null = null
  try {
    for await (const chunk of unpacked(counted(fileChunks(file), onBytes))) {
      signal.throwIfAborted()
      const goesOn = cut.push(chunk)
      await spool.append(cut.take())
      if (!goesOn) break
    }
  } catch (error) {
    signal.throwIfAborted()
    problem = inputProblem(file, error)
  }
  const { packets, cutBytes, end } = cut.end()
  if (end.kind === 'not_a_capture') throw problem ?? notACapture(file)
  if (problem === null && end.kind !== 'whole') problem = cutShort(file, packets)
  const name = basename(file).replace(/(?:\.(?:pcap|pcapng|cap))?(?:\.gz)?$/i, '')
  const entry = spool.finish(names.unique('captures', `${redactor.text(name) ?? ''}.pcapng`))
  return { entry, packets, cutBytes, problem }
}

async function* counted(chunks: AsyncIterable<Uint8Array>, onBytes?: (bytes: number) => void) {
  for await (const chunk of chunks) {
    onBytes?.(chunk.length)
    yield chunk
  }
}

function notACapture(file: string): InputError {
  return new InputError(`not a capture: ${file}`, {
    code: 'input_not_a_capture',
    hint: 'give files that tcpdump -w, dumpcap or Wireshark wrote: pcap or pcapng, plain or compressed with gzip',
  })
}

function cutShort(file: string, packets: number): InputError {
  return new InputError(`capture is cut or damaged behind packet ${packets}: ${file}`, {
    code: 'input_truncated',
    hint: 'what stands before is in the archive; tcpdump leaves a whole file when it is stopped with SIGINT or SIGTERM',
  })
}
