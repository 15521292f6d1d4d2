const PROFILES = ['8.19', '9.4']

/** Which server the run is about: `8.19`, or what `HANGUP_TEST_ELASTICSEARCH` says. */
export const SELECTED_PROFILE = selected(process.env.HANGUP_TEST_ELASTICSEARCH || '8.19')

function selected(name) {
  if (PROFILES.includes(name)) return name
  throw new Error(`HANGUP_TEST_ELASTICSEARCH is one of ${PROFILES.join(', ')}: not '${name}'`)
}
