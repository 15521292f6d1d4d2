/**
 * Does work again and again, the first time after one interval, never twice at a time. The function that it returns ends
 * it, waits for work under way and throws what that threw.
 */
export function repeat(intervalMs: number, work: () => Promise<unknown>): () => Promise<void> {
  let isEnded = false
  let underWay: Promise<unknown> = Promise.resolve()
  let timer: NodeJS.Timeout
  const start = (): void => {
    timer = setTimeout(() => {
      underWay = work().then(() => {
        if (!isEnded) start()
      })
      // Thrown at the end.
      underWay.catch(() => {})
    }, intervalMs)
    timer.unref()
  }
  start()
  return async () => {
    isEnded = true
    clearTimeout(timer)
    await underWay
  }
}
