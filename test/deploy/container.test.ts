import fs from 'node:fs'
import { builtinModules } from 'node:module'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { globSync } from 'tinyglobby'
import { entryFile, projectDirectory, Sandbox } from '../support/cli.js'
import { copiesOf, readImage } from '../support/deploy/dockerfile.js'
import { runProcess } from '../support/deploy/process.js'

const image = readImage()
const [build, dependencies, last] = image.stages
const manifest = JSON.parse(fs.readFileSync(path.join(projectDirectory, 'package.json'), 'utf8'))
const lock = JSON.parse(fs.readFileSync(path.join(projectDirectory, 'package-lock.json'), 'utf8'))
const dist = path.resolve(path.dirname(entryFile), '..')

/** Folders of node_modules that `npm ci --omit=dev` makes on this machine. */
const production = Object.entries<{ dev?: boolean; devOptional?: boolean }>(lock.packages)
  .filter(([place, { dev, devOptional }]) => place !== '' && !dev && !devOptional)
  .map(([place]) => place)
  .filter((place) => fs.existsSync(path.join(projectDirectory, place)))

describe('the image', () => {
  test('has a user with a number, one folder for what it writes, and no shell before hangup', () => {
    expect(image.user).toMatch(/^\d{5,}:\d{5,}$/)
    expect(image.volumes).toEqual(['/var/lib/hangup'])
    for (const name of ['HANGUP_STATE', 'HANGUP_STORE']) expect(image.environment[name]).toMatch(/^\/var\/lib\/hangup/)
    expect(image.entrypoint).toEqual(['node', '/app/dist/cli/main.js'])
  })

  test('is built on one version of Node, that of glibc, which the project allows', () => {
    const bases = image.stages.map(([{ text }]) => text.split(' ')[0])
    expect(new Set(bases)).toEqual(new Set([expect.stringMatching(/^node:\$\{NODE_VERSION\}-bookworm-slim$/)]))
  })

  test('has the version of the package', () => {
    expect(last.find(({ text }) => text.startsWith('VERSION='))?.text).toBe(`VERSION=${manifest.version}`)
  })

  test('is made of what is there and what .dockerignore lets in', () => {
    const sources = [build, dependencies, last].flatMap((stage) => copiesOf(stage).flatMap((each) => each.slice(0, -1)))
    expect(sources.length).toBeGreaterThan(8)
    const files = sources.flatMap((source) => expand(source).map((file) => [source, file]))
    for (const source of sources) expect(expand(source)).not.toEqual([])
    expect(files.filter(([, file]) => isIgnored(file))).toEqual([])
  })

  test('gets no file of the checkout that holds state or history', () => {
    for (const file of ['.git/config', '.hangup/redact.key', 'test/readme.test.ts', 'a.env', 'deploy/compose.yaml']) {
      expect([file, isIgnored(file)]).toEqual([file, true])
    }
  })

  test('needs no script of a package at its installation', () => {
    expect(production.filter((place) => lock.packages[place].hasInstallScript)).toEqual([])
  })
})

describe('the last stage', () => {
  const sandbox = new Sandbox()
  const app = sandbox.path('app')

  // What its COPY lines do, with links to the packages of production.
  beforeAll(() => {
    for (const copy of copiesOf(last)) {
      const destination = copy[copy.length - 1]
      for (const source of copy.slice(0, -1)) {
        for (const file of expand(source)) copyTo(file, source, destination)
      }
    }
    fs.cpSync(dist, path.join(app, 'dist'), { recursive: true })
    for (const place of production) {
      if (isNested(place)) continue // It lies in one that is linked.
      fs.mkdirSync(path.dirname(path.join(app, place)), { recursive: true })
      fs.symlinkSync(fs.realpathSync(path.join(projectDirectory, place)), path.join(app, place))
    }
  })

  /** A folder becomes the destination; a file gets into it, where it ends in a slash or is the place itself. */
  function copyTo(file: string, source: string, destination: string): void {
    const isOfFolder = file.startsWith(`${source}/`)
    const name = isOfFolder ? path.relative(source, file) : path.basename(file)
    fs.cpSync(path.join(projectDirectory, file), path.join(app, destination, name))
  }

  afterAll(() => sandbox.remove())

  test('imports packages of production alone', () => {
    const packages = new Set(globSync('**/*.js', { cwd: dist }).flatMap((file) => packagesOf(path.join(dist, file))))
    expect([...packages].filter((name) => manifest.dependencies[name] === undefined)).toEqual([])
    expect(packages.size).toBeGreaterThan(8)
  })

  test('runs a pipeline into DuckDB, and writes nothing but its state', async () => {
    const logs = path.join(projectDirectory, 'pipelines/samples/edgemicro-emg-dev-01-*')
    const environment = {
      ...image.environment,
      LOGS: logs,
      HANGUP_STATE: sandbox.path('state'),
      HANGUP_STORE: sandbox.path('state/hangup.duckdb'),
    }
    const before = listing(app)
    const [, main] = image.entrypoint
    const result = await runProcess(['node', main.replace('/app', app), 'run', '--once', 'pipelines/sample.yaml'], {
      cwd: app,
      environment,
    })
    expect(result).toMatchObject({ code: 0, stderr: expect.stringContaining('requests failed') })
    expect(listing(app)).toEqual(before)
  })

  test('finds the native codecs of Kafka', async () => {
    const script = "await import('./dist/sources/kafka/codecs.js'); console.log('found')"
    const result = await runProcess(['node', '--input-type=module', '--eval', script], { cwd: app })
    expect(result).toMatchObject({ code: 0, stdout: 'found\n' })
  })

  test('has native code for no newer C library than that of its base', () => {
    const files = production
      .filter((place) => !isNested(place))
      .flatMap((place) =>
        globSync('**/*.{node,so}', { cwd: fs.realpathSync(path.join(projectDirectory, place)), absolute: true }),
      )
      .filter((file) => !file.includes('musl'))
    const needed = files.flatMap((file) => {
      const text = fs.readFileSync(file).toString('latin1')
      return [...text.matchAll(/GLIBC_2\.(\d+)/g)].map(([, minor]) => Number(minor))
    })
    // Debian 12 has 2.36. Elsewhere than on Linux none of it is there.
    if (os.platform() === 'linux') expect(needed.length).toBeGreaterThan(3)
    expect(Math.max(0, ...needed)).toBeLessThanOrEqual(36)
  })
})

const isNested = (place: string): boolean => place.split('node_modules/').length > 2

/** Files of the checkout that a source of COPY means. */
function expand(source: string): readonly string[] {
  const pattern = fs.statSync(path.join(projectDirectory, source), { throwIfNoEntry: false })?.isDirectory()
    ? `${source}/**`
    : source
  return globSync(pattern, {
    cwd: projectDirectory,
    dot: true,
    ignore: ['pipelines/samples/**', 'pipelines/gateway/**'],
  })
}

/** The last pattern of .dockerignore that fits decides. */
function isIgnored(file: string): boolean {
  const patterns = fs.readFileSync(path.join(projectDirectory, '.dockerignore'), 'utf8').split('\n')
  let ignored = false
  for (const line of patterns) {
    if (line === '' || line.startsWith('#')) continue
    const [isBack, pattern] = line.startsWith('!') ? [true, line.slice(1)] : [false, line]
    const expression = new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '[^/]*')}(/|$)`)
    if (expression.test(file)) ignored = !isBack
  }
  return ignored
}

function packagesOf(file: string): readonly string[] {
  const text = fs.readFileSync(file, 'utf8')
  const imports = text.matchAll(/\b(?:from\s*|import\s*\(?\s*)'(@?[a-z][\w./:-]*)'/g)
  return [...imports]
    .map(([, name]) =>
      name
        .split('/')
        .slice(0, name.startsWith('@') ? 2 : 1)
        .join('/'),
    )
    .filter((name) => !name.startsWith('node:') && !builtinModules.includes(name))
}

function listing(directory: string): readonly string[] {
  return globSync('**', { cwd: directory, dot: true, followSymbolicLinks: false }).sort()
}
