import fs from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { parse } from 'yaml'
import { projectDirectory, version } from '../support/cli.js'
import { readImage } from '../support/deploy/dockerfile.js'

interface Service {
  readonly image: string
  readonly entrypoint?: readonly string[]
  readonly command?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly volumes?: readonly string[]
  readonly ports?: readonly string[]
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>
  readonly [key: string]: unknown
}

const text = fs.readFileSync(path.join(projectDirectory, 'deploy/compose.yaml'), 'utf8')
const compose = parse(text, { merge: true })
const services = Object.entries<Service>(compose.services)
const image = readImage()

describe('every service of compose.yaml', () => {
  test.each(services)('%s has no rights, no new ones, and a bound of memory', (_, service) => {
    expect(service).toMatchObject({
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      mem_limit: expect.stringMatching(/^\d+[mg]$/),
      image: expect.stringMatching(/^[a-z0-9./-]+:\d+\.\d+\.\d+[a-z-]*$/),
    })
  })

  test.each(services)('%s is reached from this machine alone, if at all', (_, { ports = [] }) => {
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/)
  })

  test.each(services)('%s waits for others until they are healthy or done', (_, { depends_on = {} }) => {
    for (const [name, { condition }] of Object.entries(depends_on)) {
      const other: Service = compose.services[name]
      expect([name, other]).toEqual([name, expect.anything()])
      if (condition === 'service_completed_successfully') expect(other.restart).toBe('no')
      else {
        expect(condition).toBe('service_healthy')
        expect(other.healthcheck).toBeDefined()
      }
    }
  })
})

const ours = services.filter(([, service]) => service.image.startsWith('hangup:'))
const nodes = services.filter(([, service]) => service.image.startsWith('node:'))

describe('our services', () => {
  test('are there', () => {
    expect(ours.map(([name]) => name).sort()).toEqual(
      ['agent', 'consumer-1', 'consumer-2', 'key', 'setup-elasticsearch', 'setup-kibana'].sort(),
    )
    expect(nodes.map(([name]) => name).sort()).toEqual(['clients', 'gateway', 'target'])
  })

  test.each([...ours, ...nodes])('%s cannot write to its root file system', (_, service) => {
    expect(service).toMatchObject({ read_only: true, tmpfs: ['/tmp'] })
  })

  test.each(ours)('%s runs the image of this version', (_, service) => {
    expect(service.image).toBe(`hangup:${version}`)
    expect(service.build).toMatchObject({ dockerfile: 'deploy/container/Dockerfile' })
  })

  test.each(nodes)(
    '%s runs the Node of the image, and as the user that the agent is, who must read its log',
    (_, service) => {
      const node = image.stages[0][0].text.replace(/.*\}/, '').replace(/ AS .*/, '')
      const dockerfile = fs.readFileSync(path.join(projectDirectory, 'deploy/container/Dockerfile'), 'utf8')
      expect(service.image).toBe(`node:${/^ARG NODE_VERSION=(.*)$/m.exec(dockerfile)?.[1]}${node}`)
      expect(service.user).toBe(image.user)
    },
  )

  test('that run a pipeline have a state of their own each, and one key', () => {
    const running = ours.filter(([, { command }]) => command?.[0] === 'run')
    const states = running.map(([, { volumes = [] }]) => volumes.find((each) => each.endsWith(':/var/lib/hangup')))
    expect(new Set(states).size).toBe(running.length)
    expect(states).not.toContain(undefined)
    const keys = running.map(([, { environment, volumes = [] }]) => [environment?.HANGUP_REDACT_KEY_FILE, volumes[0]])
    for (const [, service] of running) expect(service.volumes).toContain('key:/run/hangup:ro')
    expect(new Set(keys.map(([key]) => key))).toEqual(new Set(['/run/hangup/redact.key']))
    for (const [, service] of running)
      expect(Number.parseInt(String(service.stop_grace_period), 10)).toBeGreaterThan(25)
  })

  test('take variables that the pipelines know', () => {
    for (const [name, { command = [], environment = {} }] of ours) {
      if (command[0] !== 'run') continue
      const pipeline = fs.readFileSync(path.join(projectDirectory, command[1]), 'utf8')
      const unknown = Object.keys(environment).filter((variable) => !pipeline.includes(`\${${variable}:-`))
      expect([name, unknown.filter((variable) => variable !== 'HANGUP_HOST')]).toEqual([name, []])
    }
  })

  test('listen where their health is asked for', () => {
    const script = fs.readFileSync(path.join(projectDirectory, image.health[1].replace('/app/', '')), 'utf8')
    for (const [, { command }] of ours.filter(([, { command }]) => command?.[0] === 'run')) {
      const [port] = /\d+$/.exec(command?.[3] ?? '') ?? []
      expect(script).toContain(`http://127.0.0.1:${port}/livez`)
    }
  })
})

test('every volume is one that somebody mounts, and every one that is mounted is there', () => {
  const mounted = services.flatMap(([, { volumes = [] }]) => volumes.map((each) => each.split(':')[0]))
  const named = mounted.filter((each) => !each.startsWith('.'))
  expect(new Set(named)).toEqual(new Set(Object.keys(compose.volumes)))
  for (const each of mounted.filter((each) => each.startsWith('.'))) {
    expect(fs.existsSync(path.join(projectDirectory, 'deploy', each))).toBe(true)
  }
})
