/** How far `a` lies behind `b` in the 32-bit space of sequence numbers, which wraps: negative where it lies before. */
export const distance = (a: number, b: number): number => (a - b) | 0

/** The sequence number `bytes` behind `sequence`. */
export const advance = (sequence: number, bytes: number): number => (sequence + bytes) >>> 0
