import { z } from 'zod'
import { DURATION_EXAMPLES, formatDuration, formatSize, parseDuration, parseSize, SIZE_EXAMPLES } from './units.js'

/** What the option table says of one option. Its default is read from the schema. */
export interface OptionFacts {
  /** One line, no full stop. */
  readonly help: string
  /** What may be written: `text`, `duration, 1s to 1h`, ``one of `a`, `b` ``. */
  readonly values: string
  /** For a default that is computed and so does not stand in the schema. */
  readonly computedDefault?: string
}

/** The facts of every option, by its schema. */
export const optionFacts = z.registry<OptionFacts>()

interface Told {
  readonly help: string
  readonly computedDefault?: string
}

/** Text that is not empty. */
export function text({
  pattern,
  ...told
}: Told & { readonly pattern?: { readonly regex: RegExp; readonly means: string } }) {
  const schema = z.string().refine((value) => value !== '', { error: 'must not be empty', abort: true })
  const values = pattern === undefined ? 'text' : pattern.means
  if (pattern === undefined) return schema.register(optionFacts, { ...told, values })
  return schema.regex(pattern.regex, `must be ${pattern.means}`).register(optionFacts, { ...told, values })
}

/** The path of a file or directory; relative ones start at the working directory. */
export function path(told: Told) {
  return z
    .string()
    .refine((value) => value !== '', { error: 'must not be empty', abort: true })
    .refine((value) => !value.includes('\0'), 'must not hold a NUL byte')
    .register(optionFacts, { ...told, values: 'path' })
}

/** One of a closed list of words. */
export function choice<const Words extends readonly [string, ...string[]]>(words: Words, told: Told) {
  const values = `one of ${words.map((word) => `\`${word}\``).join(', ')}`
  return z.enum(words).register(optionFacts, { ...told, values })
}

/** True or false; text from the environment may say it too. */
export function flag(told: Told) {
  return z.preprocess(readFlag, z.boolean()).register(optionFacts, { ...told, values: '`true` or `false`' })
}

/** A whole number within a closed range; text from the environment may say it too. */
export function wholeNumber({ min, max, ...told }: Told & { readonly min: number; readonly max: number }) {
  const values = `number, ${min.toLocaleString('en')} to ${max.toLocaleString('en')}`
  return z.preprocess(readWholeNumber, z.int().min(min).max(max)).register(optionFacts, { ...told, values })
}

/** A duration within a closed range, read to milliseconds. */
export function duration({ min, max, ...told }: Told & { readonly min: string; readonly max: string }) {
  return measure({
    ...told,
    min,
    max,
    noun: 'duration',
    examples: DURATION_EXAMPLES,
    parse: parseDuration,
    format: formatDuration,
  })
}

/** A size within a closed range, read to bytes. */
export function size({ min, max, ...told }: Told & { readonly min: string; readonly max: string }) {
  return measure({ ...told, min, max, noun: 'size', examples: SIZE_EXAMPLES, parse: parseSize, format: formatSize })
}

/**
 * A list of texts, at least `min` of them. A single text in place of the list is split at its commas (those inside
 * `{…}` belong to a glob), so that one environment variable can hold several; the items of a list are never split.
 */
export function list({ min, item, ...told }: Told & { readonly min: 0 | 1; readonly item: z.ZodType<string, string> }) {
  return z
    .preprocess(splitList, z.array(item).min(min))
    .register(optionFacts, { ...told, values: 'list, or text with commas' })
}

/** `host:port`, read to its two parts. An IPv6 address stands in brackets. */
export function address(told: Told) {
  const schema = z.string().transform((value, context) => {
    const parts = splitAddress(value)
    if (parts !== null) return parts
    context.addIssue({ code: 'custom', message: 'must be host:port, such as 127.0.0.1:9464' })
    return z.NEVER
  })
  return z.preprocess(numberToText, schema).register(optionFacts, { ...told, values: '`host:port`' })
}

/** Host and port of `host:port`; null where it is none. */
export function splitAddress(value: string): { readonly host: string; readonly port: number } | null {
  const match = /^(?:\[([0-9a-fA-F:.%]+)\]|([^\s:/@[\]]+)):(\d{1,5})$/.exec(value)
  const port = Number(match?.[3])
  return match === null || port > 65_535 ? null : { host: match[1] ?? match[2], port }
}

/** Keys with fixed names; any other key is a fault. A key without a value (`stdin:`) is an empty section. */
export function section<Shape extends z.core.$ZodLooseShape>(shape: Shape, rule?: Rule) {
  const schema = z.strictObject(shape)
  return z.preprocess(nullToEmpty, rule === undefined ? schema : schema.superRefine(rule, { when: isRecordPayload }))
}

/** A rule between the options of one section. It runs beside other faults: each value may be missing or wrong. */
export type Rule = (value: Readonly<Record<string, unknown>>, context: z.core.$RefinementCtx) => void

/** An option, or a section, that counts as absent where its text, or each of its texts, is empty: as an unset variable leaves it. */
export function emptyIsAbsent<Schema extends z.ZodType>(schema: Schema) {
  return z.preprocess(withoutEmpty, schema.optional())
}

function withoutEmpty(value: unknown): unknown {
  if (value === '') return undefined
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const given = Object.entries(value).filter(([, each]) => each !== '')
  return given.length === 0 ? undefined : Object.fromEntries(given)
}

/** What `oneOf` reads to: the options of the chosen kind, and which it is. */
export type Chosen<Kinds extends Record<string, z.ZodType<object>>> = {
  [Kind in keyof Kinds]: { readonly kind: Kind } & z.output<Kinds[Kind]>
}[keyof Kinds]

/** A section that holds exactly one of several sections; reads to that one's options and its `kind`. */
export function oneOf<Kinds extends Record<string, z.ZodType<object>>>(kinds: Kinds) {
  const names = Object.keys(kinds).join(', ')
  const shape = Object.fromEntries(Object.entries(kinds).map(([kind, schema]) => [kind, schema.optional()]))
  return section(shape, (value, context) => {
    const chosen = Object.keys(value)
    // An unknown key is told already, with the nearest right one.
    if (chosen.length === 1 || context.issues.some(({ code, path }) => code === 'unrecognized_keys' && !path?.length))
      return
    const message =
      chosen.length === 0 ? `choose one of ${names}` : `choose one: ${chosen.join(' and ')} exclude each other`
    context.addIssue({ code: 'custom', message })
  }).transform((value) => {
    // None is there where the only key is an unknown one: zod goes on behind those, and fails in the end.
    const [kind, options] = Object.entries(value).find(([, entry]) => entry !== undefined) ?? []
    return { kind, ...(options as object) } as Chosen<Kinds>
  })
}

interface Measure extends Told {
  readonly min: string
  readonly max: string
  readonly noun: string
  readonly examples: string
  parse(text: string): number | null
  format(value: number): string
}

function measure({ min, max, noun, examples, parse, format, ...told }: Measure) {
  const [least, most] = [parse(min) ?? 0, parse(max) ?? Number.MAX_SAFE_INTEGER]
  const schema = z.string().transform((value, context) => {
    const read = parse(value)
    if (read !== null && read >= least && read <= most) return read
    const message =
      read === null
        ? `is not a ${noun}: write one such as ${examples}`
        : `must be between ${format(least)} and ${format(most)}`
    context.addIssue({ code: 'custom', message })
    return z.NEVER
  })
  // A number without a unit gets the message that says what is missing.
  return z
    .preprocess(numberToText, schema)
    .register(optionFacts, { ...told, values: `${noun}, ${format(least)} to ${format(most)}` })
}

function numberToText(value: unknown): unknown {
  return typeof value === 'number' ? String(value) : value
}

function readFlag(value: unknown): unknown {
  if (value === 'true') return true
  return value === 'false' ? false : value
}

function readWholeNumber(value: unknown): unknown {
  return typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value
}

function splitList(value: unknown): unknown {
  if (typeof value !== 'string') return value
  const items: string[] = []
  let [depth, start] = [0, 0]
  for (let index = 0; index < value.length; index++) {
    if (value[index] === '{') depth++
    else if (value[index] === '}') depth = Math.max(0, depth - 1)
    else if (value[index] === ',' && depth === 0) {
      items.push(value.slice(start, index))
      start = index + 1
    }
  }
  items.push(value.slice(start))
  return items.map((item) => item.trim()).filter((item) => item !== '')
}

function nullToEmpty(value: unknown): unknown {
  return value === null ? {} : value
}

function isRecordPayload({ value }: z.core.ParsePayload): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
