import type { Change } from '../../keepalive/changes.js'
import type { Check, Finding } from '../../keepalive/check.js'
import type { End, Hop, Verdict } from '../../keepalive/hop.js'
import { formatMs, type IdleFact } from '../../keepalive/idle.js'
import { formatCount } from '../terminal/numbers.js'
import type { Style } from '../terminal/style.js'
import type { Surface } from '../terminal/terminal.js'
import { cutMiddle, visible, wrap } from '../terminal/text.js'

/** The answer for people: the sum, the chain as a picture, what to change, notes. */
export function renderCheck(outcome: Check, { style, width }: Surface): string[] {
  const { findings, changes } = outcome
  const form: Form = { style, width: Math.min(width, MAX_WIDTH) }
  const wrong = findings.filter(({ verdict }) => verdict === 'wrong')
  const notes = findings.filter(({ verdict }) => verdict === 'note')
  return [
    sumOf(outcome, style),
    '',
    ...picture(outcome, form),
    ...section('Also wrong', wrong.map(textOf), form),
    ...(changes.length > 0
      ? ['', style.bold('What to change'), ...changes.flatMap((each) => changeLines(each, form))]
      : []),
    ...section('Notes', notes.map(textOf), form),
  ]
}

interface Form {
  readonly style: Style
  readonly width: number
  /** False where the sender's side is told at each receiver. */
  readonly showsOwn?: boolean
}

const MAX_WIDTH = 110

function sumOf({ verdict, hops, findings }: Check, style: Style): string {
  const count = (wanted: Verdict): number => hops.filter((hop) => hop.verdict === wanted).length
  const all = hops.length === 1 ? '1 hop' : `${formatCount(hops.length)} hops`
  if (verdict === 'ok') return style.green(`The order is right at each of ${all}.`)
  if (verdict === 'unknown')
    return style.yellow(`Nothing is known to be wrong: of ${all}, ${count('unknown')} unknown.`)
  const others = findings.filter((each) => each.verdict === 'wrong').length
  const also = others === 0 ? '' : `, and ${others === 1 ? 'a setting is' : `${others} settings are`}`
  return style.red(
    `Of ${all}, ${formatCount(count('wrong'))} wrong, ${formatCount(count('unknown'))} unknown${also && `${also} wrong`}.`,
  )
}

/** From the client down to the targets: each party with when it closes what it receives, and gives up what it sends on. */
function picture({ hops, marginMs }: Check, form: Form): string[] {
  const front = hops.filter(({ receiver }) => receiver.role !== 'target')
  const targets = hops.filter(({ receiver }) => receiver.role === 'target')
  return [
    ...front.flatMap((hop, index) => [
      ...partyLines(hop, front[index - 1], form),
      `  ▼  ${verdictOf(hop, marginMs, form)}`,
    ]),
    ...partyLines(targets[0], front.at(-1), { ...form, showsOwn: isSameForAll(targets) }),
    ...targetLines(targets, marginMs, form),
  ]
}

/** The party that sends by `hop` and receives by `before`. */
function partyLines({ sender, limits }: Hop, before: Hop | undefined, form: Form): string[] {
  return [
    nameOf(sender, form),
    ...(before === undefined ? [] : told('     ', closes(before.receiver.fact), form)),
    ...(form.showsOwn === false ? [] : told('  │  ', givesUp(sender.fact), form)),
    ...limits.flatMap(({ title, ms }) =>
      told('  │  ', `${title} drops an idle connection after ${formatMs(ms)}`, form),
    ),
  ]
}

/** Whether the gateway treats all targets alike: else its side is told at each of them. */
function isSameForAll(targets: readonly Hop[]): boolean {
  return targets.every(({ sender }) => givesUp(sender.fact) === givesUp(targets[0].sender.fact))
}

const MAX_TARGETS = 20
const ORDER: readonly Verdict[] = ['wrong', 'unknown', 'ok']

function targetLines(targets: readonly Hop[], marginMs: number, form: Form): string[] {
  const sorted = targets.toSorted((a, b) => ORDER.indexOf(a.verdict) - ORDER.indexOf(b.verdict))
  const left = sorted.length - MAX_TARGETS
  const shown = sorted.slice(0, MAX_TARGETS)
  const isAlike = isSameForAll(targets)
  return [
    ...shown.flatMap((hop, index) => {
      const isLast = index === shown.length - 1 && left <= 0
      const own = isAlike ? [] : [`the gateway ${givesUp(hop.sender.fact)}`]
      const sides = [...own, closes(hop.receiver.fact)]
      return [
        `  ${isLast ? '└' : '├'}▶ ${nameOf(hop.receiver, form)}  ${verdictOf(hop, marginMs, form)}`,
        ...sides.flatMap((side) => told(`  ${isLast ? ' ' : '│'}     `, side, form)),
      ]
    }),
    ...(left > 0 ? [`  └▶ and ${formatCount(left)} more targets; --json shows all`] : []),
  ]
}

function nameOf({ role, title }: End, { style }: Form): string {
  return `${style.bold(role)}${title === '' ? '' : ` ${visible(title)}`}`
}

function verdictOf({ verdict, reason, sender, receiver, limits }: Hop, marginMs: number, { style }: Form): string {
  const text = {
    sender_first: `the ${sender.role} gives up first`,
    no_reuse: 'no connection is used twice',
    neither_closes: `the ${receiver.role} never closes an idle connection`,
    receiver_first: `the ${receiver.role} closes first, or within ${formatMs(marginMs)}`,
    limit_first: `${limits[0]?.title ?? ''} drops the connection first`,
    sender_never: `the ${receiver.role} closes first, whenever that is`,
    sender_unknown: `it is not known when the ${sender.role} gives up`,
    receiver_unknown: `it is not known when the ${receiver.role} closes`,
  }[reason]
  return PAINTS[verdict](style)(`${verdict === 'wrong' ? 'WRONG' : verdict}: ${visible(text)}`)
}

const PAINTS: Readonly<Record<Verdict, (style: Style) => (text: string) => string>> = {
  ok: (style) => style.green,
  wrong: (style) => style.red,
  unknown: (style) => style.yellow,
}

function givesUp(fact: IdleFact): string {
  return idleText(fact, 'gives up')
}

function closes(fact: IdleFact): string {
  return idleText(fact, 'closes')
}

function idleText({ idle, from }: IdleFact, verb: 'closes' | 'gives up'): string {
  switch (idle.kind) {
    case 'after':
      return `${verb} an idle connection after ${formatMs(idle.ms)} (${from})`
    case 'never':
      return `never ${verb} an idle connection (${from})`
    case 'no_reuse':
      return `closes each connection after its response (${from})`
    case 'unknown':
      return `${verb} an idle connection after an unknown time (${from})`
  }
}

/** Each line begins with the lead; a word that is too long for one is cut. */
function told(lead: string, text: string, { width }: Form): string[] {
  const textWidth = width - lead.length
  return wrap(visible(text), textWidth).map((each) => `${lead}${cutMiddle(each, textWidth)}`)
}

function textOf({ text }: Finding): string {
  return text
}

function section(title: string, texts: readonly string[], { style, width }: Form): string[] {
  if (texts.length === 0) return []
  const items = texts.flatMap((text) =>
    wrap(visible(text), width - 4).map((each, index) => `${index === 0 ? '  - ' : '    '}${each}`),
  )
  return ['', style.bold(title), ...items]
}

function changeLines({ what, file, lines }: Change, { style, width }: Form): string[] {
  const sentence = wrap(visible(`${what}${lines.length === 0 ? '' : ':'}`), width - 4)
  return [
    ...sentence.map((each, index) => `${index === 0 ? '  - ' : '    '}${each}`),
    ...(file === null ? [] : [style.dim(`      # ${visible(file)}`)]),
    ...lines.map((each) => `      ${style.cyan(visible(each))}`),
  ]
}

/** The answer for scripts; times are milliseconds, and null where an end does not give up after a time. */
export function checkJson({ verdict, marginMs, hops, findings, changes, os }: Check) {
  return {
    verdict,
    margin_ms: marginMs,
    hops: hops.map((hop) => ({
      from: endJson(hop.sender),
      to: endJson(hop.receiver),
      limits: hop.limits.map(({ title, ms }) => ({ title, ms })),
      verdict: hop.verdict,
      reason: hop.reason,
    })),
    findings,
    changes,
    os: {
      tcp_keepalive_time_ms: os.timeMs,
      tcp_keepalive_intvl_ms: os.intervalMs,
      tcp_keepalive_probes: os.probes,
    },
  }
}

function endJson({ role, title, fact: { idle, source, from } }: End) {
  return {
    role,
    title: title === '' ? null : title,
    idle: idle.kind,
    idle_timeout_ms: idle.kind === 'after' ? idle.ms : null,
    source,
    says: from,
  }
}
