import { describe, expect, test } from '@jest/globals'
import { z } from 'zod'
import { apiDashboards } from '../../src/kibana/dashboards-api.js'

const COLUMN = z.strictObject({ column: z.string().min(1), label: z.string().optional() })
const SOURCE = z.strictObject({ type: z.literal('esql'), query: z.string().min(1) })
const PANEL = {
  title: z.string(),
  description: z.string().optional(),
  time_range: z.strictObject({ from: z.string(), to: z.string() }).optional(),
}
const HIDDEN = z.strictObject({ visible: z.literal(false) })

/** What Kibana 9.5 takes of it, as far as we use it (lens-embeddable-utils, config_builder/schema). */
const CONFIG = z.discriminatedUnion('type', [
  z.strictObject({
    ...PANEL,
    type: z.literal('metric'),
    data_source: SOURCE,
    metrics: z.array(COLUMN.extend({ type: z.literal('primary') })).length(1),
  }),
  z.strictObject({
    ...PANEL,
    type: z.literal('data_table'),
    data_source: SOURCE,
    rows: z.array(COLUMN).min(1),
    metrics: z.array(COLUMN).min(1),
    styling: z.strictObject({ paging: z.literal([10, 20, 30, 50, 100]) }),
  }),
  z.strictObject({
    ...PANEL,
    type: z.literal('xy'),
    legend: z.strictObject({ visibility: z.enum(['visible', 'hidden']), position: z.literal('right') }),
    axis: z.strictObject({
      x: z.strictObject({
        title: HIDDEN,
        scale: z.enum(['temporal', 'linear', 'ordinal']),
        domain: z.strictObject({ type: z.literal('fit'), rounding: z.boolean() }).optional(),
      }),
      y: z.strictObject({ title: HIDDEN }),
    }),
    layers: z
      .array(
        z.strictObject({
          type: z.enum(['area', 'bar', 'bar_horizontal', 'bar_stacked', 'line']),
          data_source: SOURCE,
          x: COLUMN,
          y: z.array(COLUMN).min(1),
          breakdown_by: COLUMN.optional(),
        }),
      )
      .length(1),
  }),
])

const BODY = z.strictObject({
  title: z.string().min(1),
  description: z.string().min(1),
  time_range: z.strictObject({ from: z.string(), to: z.string() }),
  pinned_panels: z
    .array(
      z.strictObject({
        type: z.literal('options_list_control'),
        width: z.enum(['small', 'medium', 'large']),
        grow: z.boolean(),
        config: z.strictObject({
          title: z.string(),
          values_source: z.literal('esql'),
          esql_query: z.string(),
          single_select: z.boolean(),
          selected_options: z.array(z.string()),
        }),
      }),
    )
    .optional(),
  panels: z
    .array(
      z.strictObject({
        type: z.literal('vis'),
        id: z.string().regex(/^[a-z0-9-]+$/),
        grid: z.strictObject({
          x: z.int().min(0).max(47),
          y: z.int().min(0),
          w: z.int().min(1).max(48),
          h: z.int().min(1),
        }),
        config: CONFIG,
      }),
    )
    .min(1)
    .max(100),
})

describe('bodies for the Dashboards API', () => {
  const made = apiDashboards({ prefix: 'hangup', space: null })

  test.each(made.map(({ id, body }) => [id, body] as const))('%s has the form of the API', (_, body) => {
    expect(BODY.safeParse(body).error?.issues ?? []).toEqual([])
  })

  test('have the ids that saved objects have', () => {
    expect(made.map(({ id }) => id)).toEqual(['hangup-overview', 'hangup-target', 'hangup-shipper-health'])
  })

  test('name the time axis as its query does', () => {
    const text = JSON.stringify(made)
    expect(text).toContain('"x":{"column":"BUCKET(@timestamp, 50, ?_tstart, ?_tend)","label":"Time"}')
    expect(text).not.toContain('BY time = ')
  })
})
