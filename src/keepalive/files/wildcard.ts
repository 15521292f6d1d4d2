/**
 * Whether a file's name matches a pattern of `*`, `?` and other characters, as glob(7) has it; `[` stands for itself.
 * Each `*` is tried once more for each character only, so a pattern costs at most its length times that of the name.
 */
export function matchesWildcard(name: string, pattern: string): boolean {
  let [at, place] = [0, 0]
  let star = -1
  let resume = 0
  while (at < name.length) {
    if (place < pattern.length && pattern[place] === '*') {
      star = place++
      resume = at
    } else if (place < pattern.length && (pattern[place] === '?' || pattern[place] === name[at])) {
      at++
      place++
    } else if (star !== -1) {
      place = star + 1
      at = ++resume
    } else return false
  }
  while (pattern[place] === '*') place++
  return place === pattern.length
}
