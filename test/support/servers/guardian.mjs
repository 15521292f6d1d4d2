/**
 * Ends servers whose starter has gone without doing so (crashed, killed, Ctrl-C): its standard input is held open by
 * the starter, and ends with it. `node guardian.mjs <directory of a server>...`
 */
import { endServer } from './process.mjs'

process.on('SIGINT', () => {}) // Ctrl-C goes to all; the starter's end is what counts.
process.stdin.resume()
process.stdin.on('end', () => Promise.all(process.argv.slice(2).map((directory) => endServer(directory, 'SIGKILL'))))
