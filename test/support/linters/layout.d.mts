/** Paths of programs, but for `python`: a program, and the folder for its PYTHONPATH in which `kubernetes_validate` is. */
export interface Linters {
  readonly hadolint: string
  /** With kustomize in it. */
  readonly kubectl: string
  /** The loader of Docker Compose: `-format json FILE`. */
  readonly composeLoader: string
  readonly kubeScore: string
  readonly python: { readonly program: string; readonly packages: string }
  /** Folder of npm packages: `@kubernetes-models/keda`, `@kubernetes-models/prometheus-operator`. */
  readonly models: string
}

/**
 * What checks deploy/, of PyPI, the Go modules and npm; fetched and built at the first call on a machine (three minutes of one core), then kept
 * in the cache. Throws with what to install where Python is missing, and with what a program printed that failed.
 */
export function linters(): Linters
