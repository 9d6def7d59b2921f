import { execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { aptInstall, onPath } from '../apt.ts'
import { containers } from '../container.ts'
import type { EnginePlace, EngineRun } from '../engine-run.ts'
import { findEngine, type Ways } from '../find-engine.ts'
import { startListening } from './start-listening.ts'

/** How a MongoDB server is started on a folder and a port. */
export type MongodbProgram = (place: EnginePlace) => Promise<EngineRun>

const IMAGE = 'mongo:8.0'
const SOURCES = fileURLToPath(new URL('./', import.meta.url))
const CACHE = join(homedir(), '.cache', 'credence')
const COPY_DEPENDENCIES = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies'
const run = promisify(execFile)
let found: Promise<MongodbProgram> | undefined

/**
 * A real server where one can be had: `mongod` on PATH, or in a container. Else mongo-java-server on its file backend, from
 * ~/.cache/credence or made there with a JDK and Maven, which are installed first on Debian as root.
 */
export const MONGODB: Ways<MongodbProgram> = {
  engine: 'MongoDB',
  given: process.env.CREDENCE_TEST_MONGODB_URL || undefined,
  how: 'Put mongod on the PATH, start Docker, or install a JDK (17 or newer) and Maven: Debian: apt-get install default-jdk-headless maven.',
  async here() {
    const mongod = onPath('mongod')
    if (mongod === undefined) return undefined
    return (place) =>
      startListening(place.port, () => spawn(mongod, serverArgs(place, '127.0.0.1'), { stdio: ['ignore', 'ignore', 'pipe'] }))
  },
  async contained() {
    const start = await containers(IMAGE)
    if (start === undefined) return undefined
    return ({ folder, port }) =>
      start({
        image: IMAGE,
        command: ['mongod', ...serverArgs({ folder, port }, '0.0.0.0')],
        ports: [port],
        folder,
        ready: /Waiting for connections/,
      })
  },
  async installed() {
    const folder = await launcherFolder()
    const classPath = `${join(folder, 'jars', '*')}${delimiter}${join(folder, 'classes')}`
    const flags = ['-XX:TieredStopAtLevel=1', '-Xmx512m', '-cp', classPath, 'MongodbLauncher']
    return ({ folder: data, port }) =>
      // Nothing is written to its standard input: that ends with us, and the launcher with it.
      startListening(port, () => spawn('java', [...flags, join(data, 'store.mv'), String(port)], { stdio: ['pipe', 'ignore', 'pipe'] }))
  },
}

export function findMongodb(): Promise<MongodbProgram> {
  found ??= findEngine(MONGODB)
  return found
}

function serverArgs({ folder, port }: EnginePlace, address: string): string[] {
  return ['--dbpath', folder, '--port', String(port), '--bind_ip', address]
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
  const missing = (): string[] => tools.filter((tool) => onPath(tool) === undefined)
  if (missing().length > 0) await aptInstall(['default-jdk-headless', 'maven'])
  if (missing().length > 0) throw new TypeError(`no ${missing().join(', ')} here`)
}
