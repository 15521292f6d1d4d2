export interface TcpdumpSettings {
  /** Null: whatever tcpdump takes by itself. */
  readonly interface: string | null
  readonly filter: string
  /** Bytes that are kept of each packet; 0: all. */
  readonly snapLength: number
  /** The file; the ring appends a number to it. */
  readonly file: string
  /** Of all files together, at most. */
  readonly totalBytes: number
  /** Who the files belong to, and who tcpdump is once it has opened the interface; null: whoever tcpdump takes. */
  readonly user: string | null
}

/** Files of the ring: the oldest is written over, so a tenth of what is kept is lost at a time. */
const RING_FILES = 10
/** The unit of `tcpdump -C`. */
const SIZE_UNIT_BYTES = 1_000_000
export const MIN_TOTAL_BYTES = RING_FILES * SIZE_UNIT_BYTES
/** Of the kernel's buffer, in KiB: the default of 2 MiB drops packets in bursts. */
const BUFFER_KIB = 8_192

/**
 * Arguments of tcpdump (tcpdump(1)): a ring of files, so that it may run until the failure has come again, and never fills the
 * disk. It keeps names unresolved and the interface out of promiscuous mode.
 */
export function tcpdumpArguments(settings: TcpdumpSettings): readonly string[] {
  const { filter, snapLength, file, totalBytes, user } = settings
  return [
    ...(settings.interface === null ? [] : ['-i', settings.interface]),
    '-n',
    '-p',
    '-B',
    String(BUFFER_KIB),
    '-s',
    String(snapLength),
    '-C',
    String(Math.max(1, Math.floor(totalBytes / RING_FILES / SIZE_UNIT_BYTES))),
    '-W',
    String(RING_FILES),
    ...(user === null ? [] : ['-Z', user]),
    '-w',
    file,
    filter,
  ]
}
