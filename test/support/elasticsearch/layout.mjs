import { createHash } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { findJava } from '../servers/java.mjs'
import { kept } from '../servers/layout.mjs'
import { maven, run } from '../servers/run.mjs'

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
  if (!(profile in PROFILES)) throw new Error(`no such Elasticsearch: ${profile} (${Object.keys(PROFILES).join(', ')})`)
  const { sources, build } = PROFILES[profile]
  const recipe = createHash('sha256')
  for (const name of [...sources, 'layout.mjs']) recipe.update(fs.readFileSync(path.join(HERE, name)))
  return kept(`elasticsearch-${profile}-${recipe.digest('hex').slice(0, 12)}`, (work) => {
    maven(path.join(HERE, sources[0]), { out: work })
    return build(work)
  })
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
