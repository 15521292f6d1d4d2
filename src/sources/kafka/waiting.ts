/** Resolves when `work` is settled, or after a time if it takes longer; what it throws is passed over. */
export async function settledWithin(work: Promise<unknown>, milliseconds: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds)
  })
  await Promise.race([work.catch(() => {}), late])
  clearTimeout(timer)
}

/** Waits, or less if the signal aborts. */
export function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) return resolve()
    const done = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, milliseconds)
    signal?.addEventListener('abort', done)
  })
}

/** Waits for `work` and does something again and again meanwhile; an error of that ends the wait and is thrown. */
export function beating(work: Promise<void>, beat: () => Promise<void>, everyMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let isBeating = false
    const timer = setInterval(() => {
      if (isBeating) return
      isBeating = true
      beat().then(
        () => {
          isBeating = false
        },
        (error) => {
          clearInterval(timer)
          reject(error)
        },
      )
    }, everyMs)
    work.then(
      () => {
        clearInterval(timer)
        resolve()
      },
      (error) => {
        clearInterval(timer)
        reject(error)
      },
    )
  })
}

/** Lets others wait for the next change. */
export class Changes {
  #waiting: (() => void)[] = []

  next(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  tell(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const wake of waiting) wake()
  }
}
