import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/** How a MongoDB server is started on a folder and a port. */
export interface MongodbProgram {
  readonly command: string
  args(folder: string, port: number): readonly string[]
}

export const HOW_TO_GET_MONGODB =
  'Put mongod on the PATH, or a JDK (17 or newer) and Maven: Debian: apt-get install default-jdk-headless maven.'

const SOURCES = fileURLToPath(new URL('./', import.meta.url))
const CACHE = join(homedir(), '.cache', 'credence')
const COPY_DEPENDENCIES = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies'
const run = promisify(execFile)
let found: Promise<MongodbProgram> | undefined

/**
 * A `mongod` on PATH; else mongo-java-server on its file backend, from ~/.cache/credence or made there with a JDK and Maven,
 * which are installed first on Debian as root. Throws when none can be had.
 */
export function findMongodb(): Promise<MongodbProgram> {
  found ??= find()
  return found
}

async function find(): Promise<MongodbProgram> {
  const mongod = onPath('mongod')
  if (mongod !== undefined) {
    return { command: mongod, args: (folder, port) => ['--dbpath', folder, '--port', String(port), '--bind_ip', '127.0.0.1', '--quiet'] }
  }
  const folder = await launcherFolder()
  const classPath = `${join(folder, 'jars', '*')}${delimiter}${join(folder, 'classes')}`
  const flags = ['-XX:TieredStopAtLevel=1', '-Xmx512m', '-cp', classPath, 'MongodbLauncher']
  return { command: 'java', args: (data, port) => [...flags, join(data, 'store.mv'), String(port)] }
}

/** The folder with the jars and the compiled launcher; its name changes with what they are made of. */
async function launcherFolder(): Promise<string> {
  const sources = await Promise.all(['pom.xml', 'MongodbLauncher.java'].map((name) => readFile(join(SOURCES, name), 'utf8')))
  const digest = createHash('sha256').update(sources.join()).digest('hex').slice(0, 12)
  const folder = join(CACHE, `mongodb-launcher-${digest}`)
  if (!existsSync(folder)) await makeLauncher(folder)
  await needTools(['java'])
  return folder
}

async function makeLauncher(folder: string): Promise<void> {
  await needTools(['javac', 'mvn'])
  await mkdir(CACHE, { recursive: true })
  const making = await mkdtemp(join(CACHE, 'making-'))
  try {
    const jars = join(making, 'jars')
    await run('mvn', ['-q', '-B', '-f', join(SOURCES, 'pom.xml'), COPY_DEPENDENCIES, `-DoutputDirectory=${jars}`])
    await run('javac', ['-cp', join(jars, '*'), '-d', join(making, 'classes'), join(SOURCES, 'MongodbLauncher.java')])
    await rename(making, folder)
  } catch (error) {
    await rm(making, { recursive: true, force: true })
    // Another process was faster.
    if (!existsSync(folder)) throw error
  }
}

async function needTools(tools: readonly string[]): Promise<void> {
  if (tools.every((tool) => onPath(tool) !== undefined)) return
  if (process.getuid?.() === 0 && onPath('apt-get') !== undefined) {
    await run('apt-get', ['update', '-q'])
    await run('apt-get', ['install', '-y', '-q', '--no-install-recommends', 'default-jdk-headless', 'maven'])
  }
  const missing = tools.filter((tool) => onPath(tool) === undefined)
  if (missing.length > 0) throw new TypeError(`no ${missing.join(', ')} here. ${HOW_TO_GET_MONGODB}`)
}

function onPath(name: string): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '')
  return folders.map((folder) => join(folder, name)).find((file) => existsSync(file))
}
