import type { FailureDocument } from '../../src/records.js'

export interface Judged {
  readonly truth: string
  readonly happened: string
  readonly variant: string | null
  readonly right: boolean
  readonly cause: string
  readonly confidence: number
  readonly document: FailureDocument
}

export interface Run {
  readonly truth: {
    readonly requests: readonly {
      readonly correlation_id: string | null
      readonly cause: string
      readonly variant: string | null
    }[]
  }
  readonly documents: readonly FailureDocument[]
}

export function compare(run: Run): Judged[]

export function confusion(rows: readonly Judged[]): Map<string, Map<string, number>>

export function scores(
  rows: readonly Judged[],
): { readonly cause: string; readonly happened: number; readonly said: number; readonly right: number }[]

export function reliability(
  rows: readonly Judged[],
): { readonly from: number; readonly count: number; readonly mean: number; readonly right: number }[]
