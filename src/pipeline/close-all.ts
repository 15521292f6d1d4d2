/** Closes every one of them, also where another cannot be closed; then throws what the first of those said. */
export async function closeAll(ends: readonly { close(): Promise<void> }[]): Promise<void> {
  const closings = await Promise.allSettled(ends.map((end) => end.close()))
  for (const closing of closings) if (closing.status === 'rejected') throw closing.reason
}
