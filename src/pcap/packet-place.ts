/**
 * Packets of a capture that consists of several files keep their order as one number each: the file's place in the upper part, the
 * number in the file in the lower one.
 */
const PACKETS_PER_FILE = 2 ** 32

/** Added to the numbers of a file's packets; nothing for the first one. */
export const firstNumberOf = (file: number): number => file * PACKETS_PER_FILE

/** The file's place in the capture, from 0 on. */
export const fileOf = (packet: number): number => Math.floor(packet / PACKETS_PER_FILE)

/** As Wireshark's `frame.number`. */
export const numberInFile = (packet: number): number => packet % PACKETS_PER_FILE
