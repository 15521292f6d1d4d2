import { open } from 'node:fs/promises'
import { InputError } from '../errors.js'
import { unpacked } from '../sources/gunzip.js'
import { inputProblem } from '../sources/input-problems.js'
import { CaptureAnalysis, type CaptureResult, type FileResult } from './capture-analysis.js'
import type { HostNames } from './host-names.js'
import { CaptureDecoder } from './read/decoder.js'
import type { Targets } from './targets.js'

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

export interface CaptureReaderInput {
  readonly targets: Targets
  readonly names?: HostNames
  /** Told of a file that is cut or damaged; what stands before is in the result. */
  readonly onProblem: (problem: InputError) => void
  readonly signal: AbortSignal
}

/** Reads one capture: a file, or several that continue each other, plain or packed with gzip. */
export class CaptureReader {
  readonly #analysis: CaptureAnalysis
  readonly files: string[] = []

  constructor(private readonly input: CaptureReaderInput) {
    this.#analysis = new CaptureAnalysis(input)
  }

  /** The latest packet so far, in milliseconds since 1970. */
  get lastMs(): number {
    return this.#analysis.lastMs
  }

  /** Throws `InputError` where the file cannot be read at all, or is no capture: then nothing of it is in the result. */
  async read(name: string, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const { onProblem, signal } = this.input
    let problem: InputError | null = null
    try {
      for await (const chunk of unpacked(chunks)) {
        signal.throwIfAborted()
        if (!this.#analysis.push(chunk)) break
      }
    } catch (error) {
      signal.throwIfAborted()
      problem = inputProblem(name, error)
    }
    const file = this.#analysis.endFile()
    this.files.push(name)
    if (file.end.kind === 'not_a_capture') throw problem ?? notACapture(name)
    problem ??= problemOf(name, file)
    if (problem !== null) onProblem(problem)
  }

  end(): CaptureResult {
    return this.#analysis.end()
  }
}

/** Of the first packet, in milliseconds since 1970; null where there is none that can be read. */
export async function firstPacketMs(chunks: AsyncIterable<Uint8Array>): Promise<number | null> {
  let firstMs: number | null = null
  const decoder = new CaptureDecoder(({ seconds, nanoseconds }) => {
    firstMs ??= seconds * 1_000 + nanoseconds / 1_000_000
  })
  try {
    for await (const chunk of unpacked(chunks)) {
      if (!decoder.push(chunk) || firstMs !== null) break
    }
  } catch {
    // Whoever reads it tells.
  }
  return firstMs
}

function notACapture(name: string): InputError {
  return new InputError(`not a capture: ${name}`, {
    code: 'input_not_a_capture',
    hint: 'give files that tcpdump -w, dumpcap or Wireshark wrote: pcap or pcapng, plain or compressed with gzip',
  })
}

function problemOf(name: string, { end, packets }: FileResult): InputError | null {
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
