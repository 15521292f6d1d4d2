/** How far a followed file was read. Offsets are in bytes and stand at the start of a line. */
export interface FileCheckpoint {
  /** `<device>:<inode>:<bytes>:<sha256 of that many first bytes>`: see `file-identity.ts`. */
  readonly identity: string
  /** The name under which the file was first seen; positions and documents go on using it. */
  readonly path: string
  readonly partition: string
  /** Everything before it is in every sink. */
  readonly storedThrough: number
  /** Where reading starts again, so that all open state is rebuilt. */
  readonly floor: number
  /** `<offset>:<bytes>:<sha256 of that many bytes before the offset>`: how far it was read; absent in version 1. */
  readonly trail?: string
  /** It was read to its end and let go of. */
  readonly ended?: boolean
}
