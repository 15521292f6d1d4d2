/** What became of one object, or would become of it. */
export interface Change {
  readonly type: string
  readonly id: string
  readonly state: 'new' | 'changed' | 'same'
}
