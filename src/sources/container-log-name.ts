/** `/var/log/pods/<namespace>_<pod>_<uid>/<container>/<restarts>.log` (kubelet); the uid of a static pod is a digest. */
const POD_LOG = /(?:^|\/)([^/_]+)_([^/_]+)_([0-9a-f-]{32,36})\/([^/]+)\/(\d+)\.log$/

/** `/var/log/containers/<pod>_<namespace>_<container>-<id>.log`: kubelet's links to them. */
const CONTAINER_LINK = /(?:^|\/)([^/_]+)_([^/_]+)_([^/]+)-([0-9a-f]{64})\.log$/

/** `/var/lib/docker/containers/<id>/<id>-json.log` (Docker's json-file driver). */
const DOCKER_LOG = /(?:^|\/)([0-9a-f]{64})-json\.log$/

/** Docker names the host of a container so, unless it is told another name. */
const SHORT_ID_LENGTH = 12

/** True for a link of kubelet's, whose target is the file that the container writes to now; what was rotated has no link. */
export function isContainerLink(path: string): boolean {
  return CONTAINER_LINK.test(path)
}

/**
 * Reads whose output a container's log is, from a path without suffixes of rotation. A container that was started again is another process, and
 * another partition. Null for any other file.
 */
export function readContainerLogName(path: string): { readonly partition: string; readonly gateway: string } | null {
  const podLog = POD_LOG.exec(path)
  if (podLog !== null) {
    const [, namespace, pod, uid, container, restarts] = podLog
    const gateway = `${namespace}/${pod}/${container}`
    return { partition: `${gateway}/${uid}/${restarts}`, gateway }
  }
  const link = CONTAINER_LINK.exec(path)
  if (link !== null) {
    const [, pod, namespace, container, id] = link
    const gateway = `${namespace}/${pod}/${container}`
    return { partition: `${gateway}/${id}`, gateway }
  }
  const id = DOCKER_LOG.exec(path)?.[1]
  return id === undefined ? null : { partition: id, gateway: id.slice(0, SHORT_ID_LENGTH) }
}
