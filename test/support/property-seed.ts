import fc from 'fast-check'

/**
 * Properties look at new cases in each run, and print the seed of a case that fails. In CI the seed is fixed, so that a
 * change is judged by what it changes; `HANGUP_PROPERTY_SEED` sets any other.
 */
const CI_SEED = 20_210_623

const { HANGUP_PROPERTY_SEED: given, CI } = process.env
if (given !== undefined) fc.configureGlobal({ seed: Number(given) })
else if (CI !== undefined) fc.configureGlobal({ seed: CI_SEED })
