import { type Credence, type CredenceOptions, createCredence } from '@credence/sdk'
import { type Command, Option } from 'commander'
import { type Environment, isSwitchedOff } from './config.ts'
import { hasContext, resolveContext } from './context.ts'
import { createPrinter, type Format, type Printer } from './print/printer.ts'
import { type Prompts, terminalPrompts } from './prompts/prompts.ts'
import type { Terminal } from './terminal.ts'

/** What every command is given. */
export interface Cli {
  readonly terminal: Terminal
  readonly printer: Printer
  /** Undefined where nobody can be asked. */
  readonly prompts: Prompts | undefined
  readonly input: AsyncIterable<Uint8Array>
  readonly home: string
  /** False when nobody has named the home. */
  readonly isHomeGiven: boolean
  /** Which platform is meant. Throws INVALID_SETTING when none is. */
  context(): CredenceOptions
  hasContext(): boolean
  /** The client of the context. */
  credence(): Credence
  /** The same without the user of the data folder: what the whole project may see. A user that was named stays. */
  projectCredence(): Credence
}

/** The flags of the program that hold for every command. */
export interface GlobalFlags {
  readonly output: Format
  readonly home: string
  readonly apiUrl?: string
  readonly proxyUrl?: string
  readonly user?: string
}

/** The flags, and whether the home among them is anybody's wish. */
export interface GivenFlags extends GlobalFlags {
  readonly isHomeGiven: boolean
}

export interface Surroundings {
  readonly terminal: Terminal
  readonly environment: Environment
  readonly input: AsyncIterable<Uint8Array>
}

export function createCli(flags: GivenFlags, { terminal, environment, input }: Surroundings): Cli {
  const context = (): CredenceOptions => resolveContext(flags, environment.key)
  return {
    terminal,
    printer: createPrinter(terminal, flags.output),
    prompts: terminal.interactive && flags.output === 'table' ? terminalPrompts() : undefined,
    input,
    home: flags.home,
    isHomeGiven: flags.isHomeGiven,
    context,
    hasContext: () => hasContext(flags, environment.key),
    credence: () => createCredence(context()),
    projectCredence: () => createCredence({ ...context(), user: flags.user }),
  }
}

/** Work of a command: its arguments in order, and its own options. */
export type Work<O> = (cli: Cli, args: readonly string[], options: O) => Promise<void>

/** Gives a command its work. */
export type Act = <O>(command: Command, work: Work<O>) => Command

export function actWith(surroundings: Surroundings): Act {
  return <O>(command: Command, work: Work<O>) =>
    command.action(() => {
      const isHomeGiven = command.getOptionValueSourceWithGlobals('home') !== 'default'
      return work(createCli({ ...command.optsWithGlobals(), isHomeGiven }, surroundings), command.args, command.opts() as O)
    })
}

/** An option that can be set by its environment variable too: `--page-size` by CREDENCE_PAGE_SIZE. */
export function flag(flags: string, description: string): Option {
  const option = new Option(flags, description)
  const variable = `CREDENCE_${option.name().toUpperCase().replaceAll('-', '_')}`
  return option.isBoolean() && isSwitchedOff(variable) ? option : option.env(variable)
}

/** An option that may be given several times; its variable holds one value. */
export function several(flags: string, description: string): Option {
  return flag(flags, `${description}; may be given several times`).argParser((value: string, before: string[] | undefined) => [
    ...(before ?? []),
    value,
  ])
}
