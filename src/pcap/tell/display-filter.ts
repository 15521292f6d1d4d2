/** Wireshark display filters (wireshark-filter(4)). */

export const streamFilter = (index: number): string => `tcp.stream eq ${index}`

/** Packets by their numbers in the file, in the order of the numbers. */
export const packetFilter = (packets: readonly number[]): string => `frame.number in {${packets.join(', ')}}`

/** Several streams; the first ones where there are more than a filter can hold well. */
export const streamsFilter = (indexes: readonly number[]): string =>
  indexes.length === 1 ? streamFilter(indexes[0]) : `tcp.stream in {${indexes.slice(0, MAX_STREAMS).join(', ')}}`

const MAX_STREAMS = 100
