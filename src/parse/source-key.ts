import type { LineSource } from '../records.js'

/**
 * Names what lines follow each other in: a file, or all files of a partition that go on in each other. Files of many hosts have the
 * same path; their partitions differ.
 */
export function sourceKey({ partition, path, goesOn }: LineSource): string {
  return goesOn === true ? partition : `${partition}\n${path}`
}
