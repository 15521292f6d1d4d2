import { AssignerProtocol, type Cluster, type PartitionAssigner } from 'kafkajs'

/** What a member says it has when it joins, and since which generation of the group. */
export interface Claim {
  readonly generation: number
  readonly partitions: readonly number[]
}

/**
 * Shares a topic's partitions out evenly and leaves as many as possible where they are, so that members can go on
 * with the state they have. All members of a group must use it: it has a name of its own.
 *
 * It is also where kafkajs hands out its connections (`onCluster`): they commit and ask for what is committed.
 */
export function stickyAssigner(
  topic: string,
  claim: () => Claim,
  onCluster: (cluster: Cluster) => void,
): PartitionAssigner {
  return ({ cluster }) => {
    onCluster(cluster)
    return {
      name: 'hangup-sticky',
      version: 0,
      protocol: ({ topics }) => ({
        name: 'hangup-sticky',
        metadata: AssignerProtocol.MemberMetadata.encode({ version: 0, topics, userData: encodeClaim(claim()) }),
      }),
      async assign({ members }) {
        const claims = new Map(
          members.map(({ memberId, memberMetadata }) => {
            const userData = AssignerProtocol.MemberMetadata.decode(memberMetadata)?.userData
            return [memberId, decodeClaim(userData)] as const
          }),
        )
        const partitions = cluster.findTopicPartitionMetadata(topic).map(({ partitionId }) => partitionId)
        return [...shareOut(partitions, claims)].map(([memberId, own]) => ({
          memberId,
          memberAssignment: AssignerProtocol.MemberAssignment.encode({
            version: 0,
            assignment: { [topic]: own },
            userData: Buffer.alloc(0),
          }),
        }))
      },
    }
  }
}

/**
 * Each member gets as many as the others, or one more. Of two that claim the same partition, the one of the later
 * generation is right: the other was away.
 */
export function shareOut(
  partitions: readonly number[],
  claims: ReadonlyMap<string, Claim>,
): ReadonlyMap<string, number[]> {
  const members = [...claims.keys()].sort()
  const shares = new Map(members.map((member) => [member, [] as number[]]))
  const free = new Set([...partitions].sort((a, b) => a - b))
  const least = Math.floor(partitions.length / members.length)
  let larger = partitions.length % members.length

  const byAge = [...members].sort((a, b) => claims.get(b)!.generation - claims.get(a)!.generation)
  for (const member of byAge) {
    const share = shares.get(member)!
    for (const partition of claims.get(member)!.partitions) {
      const isLarger = share.length === least && larger > 0
      if (share.length > least || (share.length === least && !isLarger) || !free.delete(partition)) continue
      if (isLarger) larger--
      share.push(partition)
    }
  }
  for (const partition of free) {
    const next = members.find((member) => shares.get(member)!.length < least)
    const member = next ?? members.find((each) => shares.get(each)!.length === least)!
    shares.get(member)!.push(partition)
  }
  for (const share of shares.values()) share.sort((a, b) => a - b)
  return shares
}

/** As 4-byte numbers: the generation, then the partitions. */
function encodeClaim({ generation, partitions }: Claim): Buffer {
  const bytes = Buffer.alloc(4 * (partitions.length + 1))
  for (const [index, number] of [generation, ...partitions].entries()) bytes.writeInt32BE(number, 4 * index)
  return bytes
}

/** What is no claim of ours claims nothing. */
function decodeClaim(bytes: Buffer | undefined): Claim {
  if (bytes === undefined || bytes.length < 4 || bytes.length % 4 !== 0) return { generation: -1, partitions: [] }
  const partitions: number[] = []
  for (let at = 4; at < bytes.length; at += 4) partitions.push(bytes.readInt32BE(at))
  return { generation: bytes.readInt32BE(0), partitions }
}
