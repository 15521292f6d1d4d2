/** Whether two values, as `JSON.parse` makes them, say the same; the order of fields says nothing. */
export function isSameJson(one: unknown, other: unknown): boolean {
  if (one === other) return true
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false
  if (Array.isArray(one) !== Array.isArray(other)) return false
  const [fields, others] = [one as Fields, other as Fields]
  let count = 0
  for (const name in fields) {
    if (!Object.hasOwn(others, name) || !isSameJson(fields[name], others[name])) return false
    count++
  }
  for (const _ in others) count--
  return count === 0
}

/** Of an object; those of an array are its places. */
type Fields = Readonly<Record<string, unknown>>
