import { CaptureAnalysis, type CaptureResult } from '../../src/pcap/capture-analysis.js'
import { type ConnectionDocument, findingsOf, toDocument } from '../../src/pcap/findings.js'
import { Targets } from '../../src/pcap/targets.js'
import { type Conversation, classic, type Packet } from './packets.js'

export interface Analyzed {
  readonly result: CaptureResult
  readonly targets: Targets
  readonly connections: readonly ConnectionDocument[]
}

/** What `hangup pcap --json` would say of a capture. */
export function analyze(
  bytes: Uint8Array,
  options: { maxOpen?: number; maxKept?: number; chunkBytes?: number } = {},
): Analyzed {
  const targets = new Targets()
  const analysis = new CaptureAnalysis({ targets, ...options })
  const step = options.chunkBytes ?? bytes.length
  for (let at = 0; at < bytes.length; at += step) analysis.push(bytes.slice(at, at + step))
  analysis.endFile()
  const result = analysis.end()
  const connections = findingsOf(['test.pcap'], result, targets).map((finding) =>
    toDocument(finding, (target) => target.replace(/\?.*/, '')),
  )
  return { result, targets, connections }
}

/** The packets of several conversations, in the order of their time. */
export function merged(...conversations: readonly Conversation[]): readonly Packet[] {
  const packets = conversations.flatMap((each) => each.packets)
  return packets.sort((a, b) => (a.timeNs < b.timeNs ? -1 : a.timeNs > b.timeNs ? 1 : 0))
}

export const analyzeConversations = (...conversations: readonly Conversation[]): Analyzed =>
  analyze(classic(merged(...conversations), { nanoseconds: true }))
