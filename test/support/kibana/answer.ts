export interface Stored {
  readonly type: string
  readonly id: string
  attributes: Record<string, unknown>
  references: unknown
}

export interface Answer {
  readonly status: number
  readonly body: unknown
}

/** What a Kibana holds, by space. */
export interface State {
  readonly version: string
  readonly objects: Map<string, Stored>
  readonly rules: Map<string, Record<string, unknown>>
}

/** An answer that is none of an error. */
export const ok = (body: unknown): Answer => ({ status: 200, body })

/** An error in Kibana's form. */
export const fault = (status: number, error: string, message: string): Answer => ({
  status,
  body: { statusCode: status, error, message },
})
