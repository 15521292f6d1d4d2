/** How the names of our indices in Elasticsearch begin when nothing says so. */
export const DEFAULT_INDEX_PREFIX = 'hangup'

/** What they may begin with; every name made of it is fit for an index, an alias, a URL and JSON as it stands. */
export const INDEX_PREFIX = {
  regex: /^[a-z0-9][a-z0-9_.-]{0,99}$/,
  means: 'lower-case letters, digits, `.`, `_` and `-`',
}
