import fs from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { Option } from 'commander'
import type { CommandDeclaration } from '../src/cli/declaration.js'
import { COMMANDS, GLOBAL_OPTIONS } from '../src/cli/declarations.js'
import { optionTable } from '../src/config/option-table.js'
import { CAUSES } from '../src/records.js'
import { projectDirectory, Sandbox } from './support/cli.js'

const DOCUMENTS = [
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'pipelines/README.md',
  'pipelines/samples/README.md',
  'mappings/README.md',
  'deploy/README.md',
  'deploy/kibana/README.md',
  'deploy/prometheus/README.md',
  'deploy/elastalert2/README.md',
  'bench/README.md',
  'test/fixtures/corpus/README.md',
]

const readme = read('README.md')
const manifest: { readonly scripts: Readonly<Record<string, string>>; readonly files: readonly string[] } = JSON.parse(
  read('package.json'),
)

describe('the README', () => {
  test('holds the table of options as the schema has it', () => {
    const [, table] = /<!-- options:begin -->\n([\s\S]*)<!-- options:end -->/.exec(readme) ?? []
    expect(table).toBe(optionTable())
  })

  test('has a row for every command and for no other', () => {
    const rows = [...section('Commands').matchAll(/^\| `([a-z-]+)/gm)].map(([, name]) => name)
    expect(rows.toSorted()).toEqual(COMMANDS.map(({ name }) => name).toSorted())
  })

  test('shows what the main job prints', async () => {
    const sandbox = new Sandbox()
    const { stdout, stderr } = await sandbox.hangup(['start'])
    sandbox.remove()
    const printed = new Set(`${stdout}${stderr}`.split('\n'))
    const [, shown] = /out of that file \(shortened\):\n\n([\s\S]*?)\n\nOn your own logs/.exec(readme) ?? []
    const lines = (shown ?? '').split('\n').map((line) => line.replace(/^ {4}/, ''))
    expect(lines[0]).toMatch(/^[\d,]+ of [\d,]+ requests failed: /)
    expect(lines.filter((line) => line.trim() !== '…' && !printed.has(line))).toEqual([])
  })

  test('shows what keepalive check prints', async () => {
    const [, command, shown] = /```sh\nnpx hangup (keepalive check .*)\n```\n\n([\s\S]*?)\n\n(?=\S)/.exec(readme) ?? []
    const sandbox = new Sandbox()
    const { stdout } = await sandbox.hangup(command.split(' '), { cwd: projectDirectory })
    sandbox.remove()
    const printed = new Set(stdout.split('\n'))
    const lines = shown.split('\n').map((line) => line.replace(/^ {4}/, ''))
    expect(lines.length).toBeGreaterThan(20)
    expect(lines.filter((line) => line.trim() !== '…' && !printed.has(line))).toEqual([])
  })

  test('says what each cause means', () => {
    for (const cause of CAUSES) expect(section('Causes')).toContain(`\`${cause}\``)
  })
})

describe.each(commandsIn(readme))('the command of the README: %s', (command) => {
  test('exists', () => {
    expect(faultOf(command)).toBeNull()
  })
})

test('the check of commands tells what does not exist', () => {
  expect(commandsIn('```sh\nnpm ci && hangup report\n# hangup no\n```')).toEqual(['npm ci', 'hangup report'])
  expect(faultOf('npm run nonsense')).toBe('no such script: nonsense')
  expect(faultOf('npx hangup retport x.log')).toBe('no such command: retport')
  expect(faultOf('npx hangup keepalive chekc')).toBe('no such command: chekc')
  expect(faultOf('hangup report --evry 1h')).toBe('no such option of report: --evry')
  expect(faultOf('hangup report pipelines/no-such-folder')).toBe('no such file: pipelines/no-such-folder')
  expect(faultOf('hangup report pipelines/samples --code ECONNRESET --no-progress')).toBeNull()
})

describe.each(DOCUMENTS)('%s', (document) => {
  test('names only files that exist', () => {
    const named = filesNamedIn(document)
    expect(named.filter((name) => !exists(document, name))).toEqual([])
  })

  test('names only npm scripts that exist', () => {
    const scripts = [...read(document).matchAll(/`npm run ([\w:-]+)/g)].map(([, script]) => script)
    expect(scripts.filter((script) => !Object.hasOwn(manifest.scripts, script))).toEqual([])
  })
})

test('the check of files finds those that are named', () => {
  expect(filesNamedIn('README.md')).toContain('pipelines/sample.yaml')
  expect(filesNamedIn('ARCHITECTURE.md')).toContain('src/parse/split-hostile.ts')
  expect(exists('README.md', 'src/no-such-file.ts')).toBe(false)
})

function read(name: string): string {
  return fs.readFileSync(path.join(projectDirectory, name), 'utf8')
}

/** From a heading of the README to the next one of any level. */
function section(title: string): string {
  const [, text] = new RegExp(`^#+ ${title}\\n([\\s\\S]*?)(?=^#)`, 'm').exec(readme) ?? []
  if (text === undefined) throw new Error(`the README has no section ${title}`)
  return text
}

/** Every `npm`, `npx` and `hangup` command in fenced blocks, those joined by `&&` one by one. */
function commandsIn(markdown: string): readonly string[] {
  const blocks = [...markdown.matchAll(/^```\w*\n([\s\S]*?)^```$/gm)].map(([, block]) => block)
  const commands = blocks.flatMap((block) => block.split(/\n|&&/)).map((command) => command.trim())
  return [...new Set(commands.filter((command) => /^(?:npm|npx|hangup) /.test(command)))]
}

/** Why a command can not work; null where nothing is known against it. */
function faultOf(command: string): string | null {
  const words = command.split(/\s+/)
  if (words[0] === 'npm') return faultOfNpm(words.slice(1))
  return faultOfCommand(COMMANDS, words.slice(words.indexOf('hangup') + 1))
}

function faultOfCommand(commands: readonly CommandDeclaration[], [name, ...rest]: readonly string[]): string | null {
  const declaration = commands.find((each) => each.name === name)
  if (declaration === undefined) return `no such command: ${name}`
  const { commands: below } = declaration
  return below === undefined ? faultOfArguments(declaration, rest) : faultOfCommand(below, rest)
}

function faultOfNpm([verb, script]: readonly string[]): string | null {
  if (verb === 'ci') return null
  const name = verb === 'run' ? script : verb
  return Object.hasOwn(manifest.scripts, name) ? null : `no such script: ${name}`
}

function faultOfArguments(declaration: CommandDeclaration, words: readonly string[]): string | null {
  const options = [...declaration.options, ...GLOBAL_OPTIONS].map(({ flags }) => new Option(flags))
  for (let index = 0; index < words.length; index++) {
    const word = words[index]
    if (word.startsWith('--')) {
      const option = options.find(({ long }) => long === word)
      if (option === undefined) return `no such option of ${declaration.name}: ${word}`
      if (option.required) index++
    } else if (word.startsWith('pipelines/') && !fs.existsSync(path.join(projectDirectory, word))) {
      return `no such file: ${word}`
    }
  }
  return null
}

/** Paths in backquotes that begin with a folder of ours, or that have an ending that our files have. */
function filesNamedIn(document: string): readonly string[] {
  const quoted = [...read(document).matchAll(/`([^`\s]+)`/g)].map(([, text]) => text)
  const folders = /^(?:\.\.\/)?(?:src|test|bench|pipelines|mappings|deploy|\.ci)\//
  const ours = quoted.filter((text) => folders.test(text) || /^[\w-]+\.(?:md|ts|mjs|sql|yaml)$/.test(text))
  return [...new Set(ours)].filter((text) => !/[*<>{}…]|NNN/.test(text) && !isMade(text))
}

/** What belongs to the reader, or is made by running something. */
function isMade(name: string): boolean {
  return ['kebab-case.ts', 'bench/data/', 'results.md', 'default.yaml'].includes(name)
}

/** Relative to the document, to the project, or (a name without folders) anywhere in `src`. */
function exists(document: string, name: string): boolean {
  const beside = path.join(projectDirectory, path.dirname(document), name)
  if (fs.existsSync(beside) || fs.existsSync(path.join(projectDirectory, name))) return true
  return !name.includes('/') && SOURCE_NAMES.has(name)
}

const SOURCE_NAMES = new Set(
  fs.readdirSync(path.join(projectDirectory, 'src'), { recursive: true }).map((name) => path.basename(String(name))),
)
