/** A file of a capture, as far as its name and first packet tell. */
export interface CaptureFile {
  readonly path: string
  /** Of its first packet, since 1970; null where there is none. */
  readonly firstMs: number | null
}

/**
 * The files in the order in which they are read: those of one ring (`tcpdump -C`, `-G`, `-W`, `dumpcap -b`), whose names differ in
 * digits alone, follow each other in the order of their time, where the first of them was named.
 */
export function inRings(files: readonly CaptureFile[]): readonly (readonly CaptureFile[])[] {
  const rings = new Map<string, CaptureFile[]>()
  for (const file of files) {
    const stem = file.path.replace(/\.gz$/, '').replace(/\d+(?=[^/]*$)/g, '')
    rings.set(stem, [...(rings.get(stem) ?? []), file])
  }
  return [...rings.values()].map((ring) => [...ring].sort((a, b) => (a.firstMs ?? 0) - (b.firstMs ?? 0)))
}

/** Network cards and processors hand packets over a little out of order. */
const DISORDER_MS = 1_000

/** Whether a file begins where those before it ended, and not at their time. */
export function continues({ firstMs }: CaptureFile, lastMs: number): boolean {
  return firstMs !== null && firstMs >= lastMs - DISORDER_MS
}
