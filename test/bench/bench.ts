import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type StartedProcess, startProcess, tempHome } from '@credence/testkit'
import { Engines } from './engines.ts'
import { type Outside, startOutside } from './outside.ts'
import { pin } from './process-stat.ts'
import type { Row } from './result.ts'
import type { Effort } from './runner.ts'
import { makeTemplate, type Template } from './stored/template.ts'
import { VaultUnderTest } from './vault-under-test.ts'

/** Rows that are measured together, because they share their cases. */
export interface Group {
  readonly ids: readonly string[]
  /** `wanted` are the ids that were asked for: of what costs much, the others may be left out. */
  run(bench: Bench, wanted: ReadonlySet<string>): Promise<Row[]>
}

export interface BenchOptions {
  readonly effort: Effort
  /** Options of Node for the vault's process, such as `--cpu-prof`. */
  readonly nodeOptions: readonly string[]
}

/** What the rows share: each part is started when the first row asks for it. */
export class Bench {
  readonly effort: Effort
  readonly home: string
  readonly engines: Engines = new Engines()
  readonly #temp = tempHome()
  readonly #nodeOptions: readonly string[]
  readonly #processes: StartedProcess[] = []
  #outside: Promise<Outside> | undefined
  #vault: Promise<VaultUnderTest> | undefined
  #bearer: Promise<string> | undefined
  #bareProxy: Promise<StartedProcess> | undefined
  #template: Promise<Template> | undefined

  constructor(options: BenchOptions) {
    this.effort = options.effort
    this.home = this.#temp.path
    this.#nodeOptions = options.nodeOptions
  }

  /** A folder of this run. */
  folder(name: string): string {
    const path = join(this.home, name)
    mkdirSync(path, { recursive: true })
    return path
  }

  outside(): Promise<Outside> {
    this.#outside ??= startOutside()
    return this.#outside
  }

  vault(): Promise<VaultUnderTest> {
    this.#vault ??= this.outside().then((outside) => VaultUnderTest.start(this.folder('vault'), outside, this.#nodeOptions))
    return this.#vault
  }

  /** The credential that calls without any special purpose are made with. */
  bearer(): Promise<string> {
    this.#bearer ??= this.vault().then((vault) => vault.connectBearer())
    return this.#bearer
  }

  /** A platform's home with one account, from which many are made. */
  template(): Promise<Template> {
    this.#template ??= makeTemplate(this.folder('template'))
    return this.#template
  }

  bareProxy(): Promise<StartedProcess> {
    this.#bareProxy ??= this.outside().then(({ said }) =>
      this.start('sut/bare-proxy-main.ts', [String(said.port), join(this.home, 'bare-proxy.log')]),
    )
    return this.#bareProxy
  }

  /** Ends such a program before the others. */
  async end(process: StartedProcess): Promise<void> {
    this.#processes.splice(this.#processes.indexOf(process), 1)
    await process.stop()
  }

  /** Starts a program: one of `sut/` on the core of what is measured, one of `outside/` on that of the load. */
  async start(program: `${'sut' | 'outside'}/${string}`, args: readonly string[]): Promise<StartedProcess> {
    const started = await startProcess([fileURLToPath(new URL(program, import.meta.url)), ...args])
    pin(started.pid, program.startsWith('sut/') ? 'measured' : 'load')
    this.#processes.push(started)
    return started
  }

  async close(): Promise<void> {
    await (await this.#vault)?.stop()
    for (const process of this.#processes) await process.stop()
    await (await this.#outside)?.process.stop()
    await this.engines.close()
    this.#temp.remove()
  }
}
