import type { Column, ColumnType } from './model.js'
import type { Names } from './names.js'

const column =
  (type: ColumnType) =>
  (name: string, label: string): Column => ({ name, label, type })

/** Columns by their type. */
export const keyword = column('keyword')
export const text = column('text')
export const date = column('date')
export const integer = column('integer')
export const long = column('long')
export const double = column('double')

/** The column that a time axis stands on. */
export const timeColumn = ({ time }: Names): Column => ({ name: time.name, label: 'Time', type: 'date' })

/** A field under a name of its own, with the absent value called `unknown`, or as given. */
export const known = (name: string, field: string, absent = 'unknown'): string =>
  `${name} = COALESCE(${field}, "${absent}")`

/** Joins the commands of a query. */
export const query = (...commands: readonly string[]): string => commands.join('\n| ')
