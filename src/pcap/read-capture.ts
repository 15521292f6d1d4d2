import { open } from 'node:fs/promises'
import { InputError } from '../errors.js'
import { unpacked } from '../sources/gunzip.js'
import { inputProblem } from '../sources/input-problems.js'
import { CaptureAnalysis, type CaptureResult } from './capture-analysis.js'
import type { HostNames } from './host-names.js'
import type { Targets } from './targets.js'

export interface ReadCaptureInput {
  /** For messages. */
  readonly name: string
  readonly chunks: AsyncIterable<Uint8Array>
  readonly targets: Targets
  readonly names?: HostNames
  /** Told of a capture that is cut or damaged; what stands before is in the result. */
  readonly onProblem: (problem: InputError) => void
  readonly signal: AbortSignal
}

const CHUNK_BYTES = 1_048_576

/** The bytes of a file; each chunk is valid until the next one is asked for. */
export async function* fileChunks(path: string): AsyncGenerator<Uint8Array> {
  const file = await open(path)
  try {
    const buffer = new Uint8Array(CHUNK_BYTES)
    for (;;) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length)
      if (bytesRead === 0) return
      yield buffer.subarray(0, bytesRead)
    }
  } finally {
    await file.close()
  }
}

/** Analyses one capture, plain or packed with gzip. Throws `InputError` where it cannot be read at all, or is no capture. */
export async function readCapture({
  name,
  chunks,
  targets,
  names,
  onProblem,
  signal,
}: ReadCaptureInput): Promise<CaptureResult> {
  const analysis = new CaptureAnalysis({ targets, names })
  let problem: InputError | null = null
  try {
    for await (const chunk of unpacked(chunks)) {
      signal.throwIfAborted()
      if (!analysis.push(chunk)) break
    }
  } catch (error) {
    signal.throwIfAborted()
    problem = inputProblem(name, error)
  }
  const result = analysis.end()
  if (result.end.kind === 'not_a_capture') throw problem ?? notACapture(name)
  if (problem === null) problem = problemOf(name, result)
  if (problem !== null) onProblem(problem)
  return result
}

function notACapture(name: string): InputError {
  return new InputError(`not a capture: ${name}`, {
    code: 'input_not_a_capture',
    hint: 'give files that tcpdump -w, dumpcap or Wireshark wrote: pcap or pcapng, plain or compressed with gzip',
  })
}

function problemOf(name: string, { end, packets }: CaptureResult): InputError | null {
  if (end.kind === 'cut') {
    return new InputError(`capture ends in the middle of a packet: ${name}`, {
      code: 'input_truncated',
      hint: `its ${packets} whole packets were read; tcpdump leaves a whole file when it is stopped with SIGINT or SIGTERM`,
    })
  }
  if (end.kind === 'damaged') {
    return new InputError(`capture is damaged behind packet ${packets} (${end.what}): ${name}`, {
      code: 'input_truncated',
      hint: 'what stands before was read; copy the file again, or mend it with editcap',
    })
  }
  return null
}
