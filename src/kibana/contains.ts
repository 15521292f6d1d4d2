/**
 * Whether `found` says all that `wanted` says; Kibana adds fields of its own to what it stores. Texts that hold JSON are
 * compared as what they hold, arrays element by element.
 */
export function contains(found: unknown, wanted: unknown): boolean {
  if (typeof wanted === 'string' && typeof found === 'string') {
    if (wanted === found) return true
    const [inner, foundInner] = [jsonIn(wanted), jsonIn(found)]
    return inner !== undefined && foundInner !== undefined && contains(foundInner, inner)
  }
  if (Array.isArray(wanted)) {
    return (
      Array.isArray(found) &&
      found.length === wanted.length &&
      wanted.every((each, index) => contains(found[index], each))
    )
  }
  if (typeof wanted !== 'object' || wanted === null) return wanted === found
  if (typeof found !== 'object' || found === null || Array.isArray(found)) return false
  const fields = found as Readonly<Record<string, unknown>>
  return Object.entries(wanted).every(([name, value]) => value === undefined || contains(fields[name], value))
}

function jsonIn(text: string): object | undefined {
  if (!/^[[{]/.test(text)) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
