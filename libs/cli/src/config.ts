/** What the command line takes from the environment beside its flags, each of which has a variable of its own. */
export interface Environment {
  /** CREDENCE_KEY: there is no flag for it, because flags are seen by every user of the machine. */
  readonly key?: string
}

/** True when the variable of a switch says no: that a variable is there must not be taken for a yes. */
export function isSwitchedOff(variable: string, env: Readonly<Record<string, string | undefined>> = process.env): boolean {
  return ['', '0', 'false', 'no'].includes((env[variable] ?? '').toLowerCase())
}

export function readEnvironment(env: Readonly<Record<string, string | undefined>> = process.env): Environment {
  const { CREDENCE_KEY: key } = env
  return key === undefined || key === '' ? {} : { key }
}
