import { execFile } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { stringify } from 'yaml'
import { version } from '../../support/cli.js'
import { COMPOSE, loadCompose } from '../../support/deploy/compose.js'
import { DOCKERFILE } from '../../support/deploy/dockerfile.js'
import { find, KUSTOMIZATION, kustomized, type Manifest } from '../../support/deploy/kubernetes.js'
import { ofProject } from '../../support/deploy/service.js'
import { UNITS } from '../../support/deploy/units.js'
import { type Linters, linters } from '../../support/linters/layout.mjs'

/** deploy/ by the linters of others. One that is not there is a failure. Each of them is shown a fault, too. */

const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'hangup-lint-'))
let tools: Linters

beforeAll(() => {
  tools = linters()
}, 900_000)

afterAll(() => fs.rmSync(directory, { recursive: true }))

interface Verdict {
  readonly code: number
  readonly output: string
}

function lint(program: string, parameters: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Verdict> {
  const options = { env: { ...process.env, ...environment }, maxBuffer: 2 ** 26 }
  return new Promise((resolve, reject) => {
    execFile(program, parameters, options, (error, stdout, stderr) => {
      const code = error === null ? 0 : error.code
      if (typeof code === 'number') resolve({ code, output: `${stdout}${stderr}` })
      else reject(error)
    })
  })
}

function write(name: string, text: string): string {
  const file = path.join(directory, name)
  fs.writeFileSync(file, text)
  return file
}

const CLEAN = { code: 0, output: '' }

describe('hadolint', () => {
  const hadolint = (file: string) =>
    lint(tools.hadolint, ['--no-color', '--config', write('hadolint.yaml', 'ignored: []\n'), file])

  test('finds nothing in the Dockerfile, at any level', async () => {
    expect(await hadolint(DOCKERFILE)).toEqual(CLEAN)
  })

  test('would find a base without a version, and root at the end', async () => {
    const text = fs
      .readFileSync(DOCKERFILE, 'utf8')
      .replace(/node:\S+/g, 'node')
      .replace(/USER .*/, 'USER root')
    const { code, output } = await hadolint(write('Dockerfile', text))
    expect([code, output]).toEqual([1, expect.stringMatching(/DL3006[\s\S]*DL3002/)])
  })
})

describe("Compose's own loader", () => {
  test('takes compose.yaml', () => {
    expect(Object.keys(JSON.parse(loadCompose(COMPOSE)).services).length).toBe(13)
  })

  test.each([
    ['a key that it does not know', 'read_only', 'raed_only'],
    ['a condition that is none', 'service_healthy', 'service_helathy'],
    ['a variable without its end', '10001:10001', '${USER'],
  ])('would refuse %s', (_, right, wrong) => {
    const file = write('wrong.yaml', fs.readFileSync(COMPOSE, 'utf8').replace(right, wrong))
    expect(() => loadCompose(file)).toThrow(/raed_only|condition|invalid/)
  })
})

describe('the manifests of Kubernetes', () => {
  const SECRETS = path.join(KUSTOMIZATION, 'secrets.example.yaml')
  let file: string
  let manifests: readonly Manifest[]

  beforeAll(() => {
    const made = kustomized()
    manifests = made.manifests
    file = write('kubernetes.yaml', made.text)
  })

  const validate = (name: string) =>
    lint(tools.python.program, ['-m', 'kubernetes_validate', '--strict', name], { PYTHONPATH: tools.python.packages })

  test('fit the schemas of Kubernetes, but for those of custom resources, which it does not know', async () => {
    for (const each of [file, SECRETS]) {
      const { code, output } = await validate(each)
      const others = output
        .split('\n')
        .filter((line) => !/^(INFO .* passed for |WARN .*(ScaledObject|PodMonitor)|$)/.test(line))
      expect([code, others]).toEqual([0, []])
    }
  })

  test('would not fit them with a field that is not there', async () => {
    const text = fs.readFileSync(file, 'utf8').replace('maxUnavailable', 'maxUnavaliable')
    const { code, output } = await validate(write('wrong.yaml', text))
    expect([code, output]).toEqual([1, expect.stringContaining('maxUnavaliable')])
  })

  test.each([
    ['ScaledObject', '@kubernetes-models/keda/keda.sh/v1alpha1/ScaledObject'],
    ['PodMonitor', '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PodMonitor'],
  ])('of kind %s fit the schema of their operator, and would not without what they select', async (kind, module) => {
    const ours = manifests.filter((each) => each.kind === kind)
    expect(ours.length).toBeGreaterThan(0)
    const script = `
      const { ${kind}: Model } = require(process.argv[1])
      for (const each of JSON.parse(process.argv[2])) new Model(each).validate()`
    const check = (each: readonly Manifest[]): Promise<Verdict> =>
      lint(process.execPath, ['--eval', script, path.join(tools.models, module), JSON.stringify(each)])
    expect(await check(ours)).toEqual(CLEAN)
    const wrong = ours.map((each) => ({ ...each, spec: { ...each.spec, selector: 1, scaleTargetRef: undefined } }))
    expect(await check(wrong)).toMatchObject({ code: 1, output: expect.stringMatching(/selector|scaleTargetRef/) })
  })

  test('have no fault that kube-score knows, warnings included', async () => {
    const { code, output } = await lint(tools.kubeScore, [
      'score',
      '--exit-one-on-warning',
      '--output-format',
      'ci',
      file,
    ])
    const found = output.split('\n').filter((line) => line !== '' && !/^\[(OK|SKIPPED)\]/.test(line))
    expect([code, found]).toEqual([0, []])
    expect(output).toContain('[OK] hangup-consumer')
  })

  test('would have one without bounds of memory', async () => {
    const [deployment] = manifests.filter(({ kind }) => kind === 'Deployment').map((each) => structuredClone(each))
    delete deployment.spec.template.spec.containers[0].resources
    const { code, output } = await lint(tools.kubeScore, ['score', write('unbound.yaml', stringify(deployment))])
    expect([code, output]).toEqual([1, expect.stringContaining('Memory limit is not set')])
  })

  test('hold the shipped pipelines, byte for byte', () => {
    const maps = manifests.filter(
      ({ kind, metadata }) => kind === 'ConfigMap' && metadata.name.startsWith('hangup-pipelines-'),
    )
    expect(maps.map(({ metadata }) => metadata.namespace).sort()).toEqual(['hangup', 'hangup-agent'])
    for (const { data } of maps) {
      for (const [name, text] of Object.entries(data))
        expect(text).toBe(fs.readFileSync(ofProject('pipelines', name), 'utf8'))
    }
  })

  test('are those of agent and consumer, which can be applied alone', () => {
    const apart = ['agent', 'consumer'].flatMap((name) => kustomized(path.join(KUSTOMIZATION, name)).manifests)
    const key = ({ kind, metadata }: Manifest): string => `${kind} ${metadata.namespace} ${metadata.name}`
    const custom = manifests.filter(({ kind }) => ['ScaledObject', 'PodMonitor'].includes(kind))
    expect([...apart, ...custom].map(key).sort()).toEqual(manifests.map(key).sort())
  })

  test('of an agent that reads the output of pods fit them too, and see it read-only as the group that may', async () => {
    const made = kustomized(path.join(KUSTOMIZATION, 'agent-output'))
    const file = write('agent-output.yaml', made.text)
    expect(await validate(file)).toMatchObject({ code: 0 })
    expect(
      await lint(tools.kubeScore, ['score', '--exit-one-on-warning', '--output-format', 'ci', file]),
    ).toMatchObject({ code: 0 })
    const { spec } = find(made.manifests, 'DaemonSet', 'hangup-agent').spec.template
    const { volumeMounts, envFrom } = spec.containers[0]
    expect(spec.securityContext).toMatchObject({ runAsUser: 10001, runAsGroup: 0 })
    expect(volumeMounts.filter(({ name }: Manifest) => name === 'logs')).toEqual([
      { name: 'logs', mountPath: '/var/log/pods', readOnly: true },
    ])
    expect(spec.volumes).toContainEqual({ name: 'logs', hostPath: { path: '/var/log/pods', type: 'Directory' } })
    const { data } = find(made.manifests, 'ConfigMap', envFrom[0].configMapRef.name)
    expect(data).toMatchObject({ LOGS: '/var/log/pods/*/edgemicro/*.log', KAFKA_TOPIC: 'edgemicro' })
  })

  test('scale to as many consumers as the demo has partitions, and never give one less time than a stop takes', () => {
    const [scaled] = manifests.filter(({ kind }) => kind === 'ScaledObject')
    const topic: string[] = JSON.parse(loadCompose(COMPOSE)).services.topic.command
    expect(topic).toContain(`--partitions=${scaled.spec.maxReplicaCount}`)
    for (const { spec } of manifests.filter(({ kind }) => ['DaemonSet', 'Deployment'].includes(kind))) {
      expect(spec.template.spec.terminationGracePeriodSeconds).toBeGreaterThan(25)
    }
  })

  test('run the image of this version', () => {
    const workloads = manifests.filter(({ kind }) => ['DaemonSet', 'Deployment'].includes(kind))
    const pods = workloads.map(({ spec }) => spec.template.spec)
    const containers = pods.flatMap(({ initContainers = [], containers }) => [...initContainers, ...containers])
    expect(containers.map(({ image }) => image)).toEqual(containers.map(() => `hangup:${version}`))
    expect(containers.length).toBe(3)
  })

  test('name secrets that the example makes', () => {
    const text = fs.readFileSync(SECRETS, 'utf8')
    const workloads = JSON.stringify(manifests.filter(({ kind }) => ['DaemonSet', 'Deployment'].includes(kind)))
    const names = [...workloads.matchAll(/"secretName":"([^"]+)"|"secretRef":\{"name":"([^"]+)"/g)].map(
      ([, a, b]) => a ?? b,
    )
    expect(new Set(names)).toEqual(new Set(['hangup-redaction-key', 'hangup-elasticsearch']))
    for (const name of names) expect(text).toContain(`name: ${name}\n`)
  })
})

describe('systemd-analyze', () => {
  const INSTANCE = 'hangup@kafka-to-elasticsearch.service'
  const units = () => {
    const agent = path.join(directory, 'hangup-agent.service')
    const consumer = path.join(directory, INSTANCE)
    // The program that ours name need not be where the tests run.
    for (const [file, name] of [
      [agent, 'hangup-agent.service'],
      [consumer, 'hangup@.service'],
    ]) {
      fs.writeFileSync(file, fs.readFileSync(path.join(UNITS, name), 'utf8').replace('/usr/bin/node', process.execPath))
    }
    return [agent, consumer]
  }

  test('verifies the units', async () => {
    expect(await lint('systemd-analyze', ['verify', '--man=no', ...units()])).toEqual(CLEAN)
  })

  test('would find a key that it does not know', async () => {
    const [agent] = units()
    fs.writeFileSync(agent, fs.readFileSync(agent, 'utf8').replace('ProtectSystem', 'ProtectSystme'))
    expect((await lint('systemd-analyze', ['verify', '--man=no', agent])).output).toContain('ProtectSystme')
  })

  // Of 100: below 20 is what it calls OK. What is left is the network, and the code that V8 writes.
  test.each([
    ['the agent', 0],
    ['a consumer', 1],
  ])('finds little that %s may do', async (_, index) => {
    const parameters = ['security', '--offline=yes', '--threshold=20', '--no-pager', units()[index]]
    const { code, output } = await lint('systemd-analyze', parameters)
    expect([code, output]).toEqual([0, expect.stringContaining('Overall exposure level')])
  })
})
