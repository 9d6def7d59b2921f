/** The command line `credence`: a client of the APIs, and `credence dev`, which starts the whole platform. */
export { type ClientFile, readClientFile, writeClientFile } from './client-file.ts'
export { run } from './program.ts'
