import type { Profile } from './server.mjs'

/** Which server the run is about: `8.19`, or what `HANGUP_TEST_ELASTICSEARCH` says. */
export const SELECTED_PROFILE: Profile
