import fs from 'node:fs'
import path from 'node:path'
import { projectDirectory } from '../cli.js'

export const DOCKERFILE = path.join(projectDirectory, 'deploy/container/Dockerfile')

export interface Instruction {
  /** `COPY`, `RUN` and so on. */
  readonly name: string
  readonly text: string
}

export interface Image {
  /** Each begins with its `FROM`. */
  readonly stages: readonly (readonly Instruction[])[]
  readonly entrypoint: readonly string[]
  readonly command: readonly string[]
  readonly health: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  readonly user: string
  readonly workingDirectory: string
  readonly volumes: readonly string[]
}

/** What the image is when it runs, out of the Dockerfile's last stage. Reads what ours writes; hadolint checks the language. */
export function readImage(): Image {
  const stages: Instruction[][] = []
  for (const instruction of instructions(fs.readFileSync(DOCKERFILE, 'utf8'))) {
    if (instruction.name === 'FROM') stages.push([])
    stages.at(-1)?.push(instruction)
  }
  const last = stages[stages.length - 1]
  const only = (name: string): string => {
    const found = last.filter((each) => each.name === name)
    if (found.length !== 1) throw new Error(`${found.length} times ${name} in the last stage`)
    return found[0].text
  }
  return {
    stages,
    entrypoint: JSON.parse(only('ENTRYPOINT')),
    command: JSON.parse(only('CMD')),
    health: JSON.parse(only('HEALTHCHECK').replace(/^.*?\bCMD\s+/, '')),
    environment: Object.fromEntries([...only('ENV').matchAll(/(\w+)=(\S+)/g)].map(([, name, value]) => [name, value])),
    user: only('USER'),
    workingDirectory: only('WORKDIR'),
    volumes: JSON.parse(only('VOLUME')),
  }
}

/** `COPY` of a stage that take files of the checkout, with their destination last. */
export function copiesOf(stage: readonly Instruction[]): readonly (readonly string[])[] {
  const copies = stage.filter(({ name, text }) => name === 'COPY' && !text.startsWith('--from'))
  return copies.map(({ text }) => text.split(' '))
}

function instructions(text: string): readonly Instruction[] {
  const lines = text.replace(/^#.*\n/gm, '').replace(/\\\n\s*/g, '')
  return lines.split('\n').flatMap((line) => {
    const match = /^([A-Z]+)\s+(.+)$/.exec(line)
    return match === null ? [] : [{ name: match[1], text: match[2] }]
  })
}
