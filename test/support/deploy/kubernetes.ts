import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { parseAllDocuments } from 'yaml'
import { linters } from '../linters/layout.mjs'
import { readImage } from './dockerfile.js'
import { ofProject, type Service } from './service.js'

export const KUSTOMIZATION = ofProject('deploy/kubernetes')

// biome-ignore lint/suspicious/noExplicitAny: manifests are of many shapes, which the schemas of Kubernetes check.
export type Manifest = any

/** What a folder of deploy/kubernetes comes to, by kustomize itself. */
export function kustomized(folder = KUSTOMIZATION): { readonly text: string; readonly manifests: readonly Manifest[] } {
  const text = execFileSync(linters().kubectl, ['kustomize', folder], { encoding: 'utf8' })
  return { text, manifests: parseAllDocuments(text).map((document) => document.toJS()) }
}

/** A manifest by its kind and name; generated names without their digest. */
export function find(manifests: readonly Manifest[], kind: string, name: string, namespace?: string): Manifest {
  const found = manifests.find(
    ({ kind: itsKind, metadata }) =>
      itsKind === kind && metadata.name === name && (namespace === undefined || metadata.namespace === namespace),
  )
  if (found === undefined) throw new Error(`no ${kind} ${name}`)
  return found
}

export interface PodContext {
  readonly manifests: readonly Manifest[]
  /** What else than ConfigMaps there is: files of secrets by `<secret>/<key>`, and folders by the name of the volume. */
  readonly secrets: Readonly<Record<string, string>>
  readonly folders: Readonly<Record<string, string>>
  /** By the path of the field. */
  readonly fields: Readonly<Record<string, string>>
  /** Where ConfigMaps and secrets are written to. */
  readonly directory: string
}

/** A container of a DaemonSet or Deployment as a service: its command, its variables, its volumes. */
export function toService(workload: Manifest, containerName: string, context: PodContext): Service {
  const image = readImage()
  const { spec } = workload.spec.template
  const { namespace } = workload.metadata
  const container = [...(spec.initContainers ?? []), ...spec.containers].find(({ name }) => name === containerName)
  const { manifests, fields } = context
  const fromMaps = (container.envFrom ?? []).flatMap((each: Manifest) =>
    each.configMapRef === undefined
      ? [] // An optional secret that is not there.
      : [find(manifests, 'ConfigMap', each.configMapRef.name, namespace).data],
  )
  const own = (container.env ?? []).map(({ name, value, valueFrom }: Manifest) => [
    name,
    value ?? fields[valueFrom.fieldRef.fieldPath],
  ])
  const mounts = (container.volumeMounts ?? []).map(({ name, mountPath }: Manifest) => {
    const volume = spec.volumes.find((each: Manifest) => each.name === name)
    return [mountPath, placeOf(volume, namespace, context)]
  })
  return {
    name: `${workload.metadata.name}/${containerName}`,
    command: [...(container.command ?? image.entrypoint), ...(container.args ?? [])],
    environment: Object.assign({}, image.environment, ...fromMaps, Object.fromEntries(own)),
    mounts: Object.fromEntries(mounts),
  }
}

function placeOf(volume: Manifest, namespace: string, { manifests, secrets, folders, directory }: PodContext): string {
  const place = folders[volume.name] ?? path.join(directory, namespace, volume.name)
  fs.mkdirSync(place, { recursive: true })
  if (volume.configMap !== undefined) {
    const { data } = find(manifests, 'ConfigMap', volume.configMap.name, namespace)
    for (const [file, text] of Object.entries<string>(data)) fs.writeFileSync(path.join(place, file), text)
  }
  if (volume.secret !== undefined) {
    const prefix = `${volume.secret.secretName}/`
    const files = Object.entries(secrets).filter(([name]) => name.startsWith(prefix))
    if (files.length === 0) throw new Error(`no secret ${volume.secret.secretName}`)
    for (const [name, text] of files) fs.writeFileSync(path.join(place, name.slice(prefix.length)), text)
  }
  return place
}
