import { accessSync, closeSync, constants, openSync, readSync, type Stats, statSync } from 'node:fs'
import { join } from 'node:path'
import { clientFileIn } from '../client-file.ts'
import { type Finding, failed, ok, warning } from './finding.ts'

const OTHERS = 0o077
/** First bytes of a database file: sqlite.org/fileformat.html §1.3. */
const SQLITE = 'SQLite format 3\0'

/** The files of the data folder: there, readable by their owner and by nobody else. */
export function checkFiles(home: string): Finding[] {
  const folder = statOf(home)
  if (folder === undefined)
    return [warning('data folder', `${home} is not there: start a platform with \`npm start\`, or name it with --home.`)]
  if (!folder.isDirectory()) return [failed('data folder', `${home} is not a folder.`)]
  return [
    checkFolder(home, folder),
    checkSecretFile('root key', join(home, 'key'), 'Without it nothing that is stored can be read: keep a copy elsewhere.'),
    checkSecretFile('client file', clientFileIn(home), 'It holds the admin key.'),
    checkStore(join(home, 'credence.db')),
  ]
}

function checkFolder(home: string, folder: Stats): Finding {
  try {
    accessSync(home, constants.R_OK | constants.W_OK | constants.X_OK)
  } catch {
    return failed('data folder', `${home} cannot be written by this user.`)
  }
  const mode = modeOf(folder)
  return (folder.mode & OTHERS) === 0
    ? ok('data folder', `${home} (${mode})`)
    : warning('data folder', `${home} can be entered by others (${mode}): chmod 700 ${home}`)
}

function checkSecretFile(check: string, file: string, why: string): Finding {
  const found = statOf(file)
  if (found === undefined) return warning(check, `${file} is not there; it may be elsewhere (CREDENCE_KEY_URI, CREDENCE_KEY).`)
  const mode = modeOf(found)
  return (found.mode & OTHERS) === 0
    ? ok(check, `${file} (${mode})`)
    : failed(check, `${file} can be read by others (${mode}): chmod go= ${file}. ${why}`)
}

function checkStore(file: string): Finding {
  try {
    const handle = openSync(file, 'r')
    const head = Buffer.alloc(SQLITE.length)
    readSync(handle, head, 0, head.length, 0)
    closeSync(handle)
    return head.toString('latin1') === SQLITE ? ok('store', file) : failed('store', `${file} is not a database: restore it from a backup.`)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return code === 'ENOENT' ? warning('store', `${file} is not there yet.`) : failed('store', `${file} cannot be read (${code}).`)
  }
}

function statOf(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false })
}

function modeOf({ mode }: Stats): string {
  return (mode & 0o777).toString(8).padStart(4, '0')
}
