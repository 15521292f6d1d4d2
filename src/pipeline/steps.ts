import type { Processor } from './processor.js'

/** What a run asks of the steps between source and sinks, be they one processor or several. */
export type Steps = Pick<
  Processor,
  | 'ledger'
  | 'losses'
  | 'pairs'
  | 'range'
  | 'requests'
  | 'idleTimes'
  | 'process'
  | 'advance'
  | 'flush'
  | 'emitChanged'
  | 'forget'
  | 'finish'
  | 'take'
  | 'openSinceMs'
>
