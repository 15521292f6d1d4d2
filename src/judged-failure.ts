import type { FailureDocument } from './records.js'

/** What a verdict on a failure may rest on besides its halves: a part of its document. */
export interface JudgedFailure {
  readonly '@timestamp': string
  readonly http: { readonly request: { readonly id: string | null } }
  readonly error: FailureDocument['error']
  readonly edgemicro: Pick<
    FailureDocument['edgemicro'],
    'target' | 'target_source' | 'proxy' | 'gateway' | 'cause' | 'confidence' | 'evidence'
  >
  readonly log: Pick<FailureDocument['log'], 'file' | 'offset'>
}

/** Whether its cause is what packets tell, who know better than lines. */
export function isToldByPackets({ edgemicro }: Pick<JudgedFailure, 'edgemicro'>): boolean {
  return edgemicro.evidence.packet_told === 1
}
