import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { cacheDirectory } from './cache.mjs'
import { findJava } from './java.mjs'

const HERE = path.dirname(fileURLToPath(import.meta.url))

/** The servers that there are: the oldest Java that each runs on, and how its folder is put together. */
export const PROFILES = {
  8.19: {
    java: 17,
    sources: ['maven/8.19.xml', 'java/MissingModules.java', 'java/MachineLearning.java'],
    build: build8,
  },
  9.4: { java: 21, sources: ['maven/9.4.xml'], build: build9 },
}

/**
 * Home folder of the server of `profile`, put together out of Maven Central at the first call and kept in the cache.
 * Another folder is made where the recipe has changed. Safe to call in several processes at once.
 */
export function prepare(profile) {
  const { sources, build } = PROFILES[profile]
  const recipe = createHash('sha256')
  for (const name of [...sources, 'layout.mjs']) recipe.update(fs.readFileSync(path.join(HERE, name)))
  const cache = cacheDirectory()
  const home = path.join(cache, `elasticsearch-${profile}-${recipe.digest('hex').slice(0, 12)}`)
  if (fs.existsSync(home)) return home
  const work = fs.mkdtempSync(path.join(cache, 'preparing-'))
  try {
    maven(path.join(HERE, sources[0]), work)
    const built = build(work)
    run('chmod', ['-R', 'a+rX', built])
    try {
      fs.renameSync(built, home)
    } catch (error) {
      if (!fs.existsSync(home)) throw error // Another process was first.
    }
    return home
  } finally {
    fs.rmSync(work, { recursive: true, force: true })
  }
}

function maven(pom, out) {
  if (spawnSync('mvn', ['-v']).status !== 0) {
    throw new Error(
      "no mvn on the path: install Maven, on Debian with 'apt-get install maven'; it fetches Elasticsearch",
    )
  }
  run('mvn', ['--quiet', '--batch-mode', '--file', pom, `-Dout=${out}`, 'validate'])
}

/** Modules of ES|QL, and the jars of each. What the server or x-pack-core has must not be there again ("jar hell"). */
const MODULES = {
  'x-pack-esql-core': ['x-pack-esql-core', 'x-pack-mapper-version', 'antlr4-runtime'],
  'x-pack-esql': [
    ...['x-pack-esql', 'x-pack-esql-compute', 'x-pack-esql-compute-ann', 'x-pack-kql', 'elasticsearch-dissect'],
    ...['elasticsearch-h3', 'lucene-spatial3d', 'arrow', 'arrow-vector', 'arrow-format', 'arrow-memory-core'],
    ...['checker-qual', 'flatbuffers-java', 'jackson-annotations', 'jackson-core', 'jackson-databind'],
  ],
  'x-pack-kql': ['x-pack-kql', 'antlr4-runtime'],
}

/** Modules that others extend, but that are not on Maven Central. */
const ABSENT = ['lang-painless', 'x-pack-ml']

function build8(work) {
  const home = only(path.join(work, 'unpacked'))
  for (const [name, jars] of Object.entries(MODULES)) {
    const module = path.join(home, 'modules', name)
    fs.mkdirSync(module)
    for (const jar of jars) fs.copyFileSync(path.join(work, 'jars', `${jar}.jar`), path.join(module, `${jar}.jar`))
    const descriptor = path.join(work, 'descriptors/META-INF/es-plugins', name, 'plugin-descriptor.properties')
    fs.writeFileSync(
      path.join(module, 'plugin-descriptor.properties'),
      withoutAbsent(fs.readFileSync(descriptor, 'utf8')),
    )
  }
  compile(work, home, 'MachineLearning', 'x-pack-esql', ['lib/*', 'modules/x-pack-core/*'])
  compile(work, home, 'MissingModules', 'missing-modules', ['lib/*'])
  const version = /elasticsearch-(\d[\d.]*)$/.exec(home)[1]
  const descriptor = {
    name: 'missing-modules',
    description: 'What is not on Maven Central',
    classname: 'hangup.test.MissingModules',
    version,
    'elasticsearch.version': version,
    'java.version': '17',
  }
  const lines = Object.entries(descriptor).map(([key, value]) => `${key}=${value}\n`)
  fs.writeFileSync(path.join(home, 'modules/missing-modules/plugin-descriptor.properties'), lines.join(''))
  return home
}

function withoutAbsent(descriptor) {
  return descriptor.replace(/^extended\.plugins=(.*)$/m, (_, names) => {
    const present = names.split(',').filter((name) => !ABSENT.includes(name.trim()))
    return `extended.plugins=${present.join(',')}`
  })
}

/** Compiles one of our classes into a jar of `module`. */
function compile(work, home, name, module, classPath) {
  const bin = path.join(findJava(17, 'javac'), 'bin')
  const classes = path.join(work, 'classes', name)
  const folder = path.join(home, 'modules', module)
  fs.mkdirSync(folder, { recursive: true })
  const jars = classPath.map((each) => path.join(home, each)).join(path.delimiter)
  const source = path.join(HERE, 'java', `${name}.java`)
  run(path.join(bin, 'javac'), ['--release', '17', '-nowarn', '-proc:none', '-d', classes, '-cp', jars, source])
  run(path.join(bin, 'jar'), ['--create', '--file', path.join(folder, `hangup-${name}.jar`), '-C', classes, '.'])
}

/** Modules that cost time at each start and that no test is about. */
const UNUSED = [
  ...['x-pack-inference', 'x-pack-redact', 'x-pack-migrate', 'x-pack-geoip-enterprise-downloader'],
  ...['old-lucene-versions', 'rank-vectors'],
]

function build9(work) {
  const home = path.join(only(path.join(work, 'unpacked')), 'elasticsearch')
  for (const name of UNUSED) fs.rmSync(path.join(home, 'modules', name), { recursive: true, force: true })
  return home
}

function only(directory) {
  const names = fs.readdirSync(directory)
  if (names.length !== 1) throw new Error(`one folder was expected in ${directory}: ${names.join(', ')}`)
  return path.join(directory, names[0])
}

/** Runs a program to its end; throws with what it printed where it fails. */
export function run(program, parameters) {
  const { status, error, stdout, stderr } = spawnSync(program, parameters, { encoding: 'utf8' })
  if (status === 0) return
  const printed = `${stdout ?? ''}${stderr ?? ''}`.slice(-3000)
  throw new Error(`${path.basename(program)} failed (${error?.message ?? `exit code ${status}`}): ${printed}`)
}
