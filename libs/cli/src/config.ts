/** What the command line takes from the environment beside its flags, each of which has a variable of its own. */
export interface Environment {
  /** CREDENCE_KEY: there is no flag for it, because flags are seen by every user of the machine. */
  readonly key?: string
}

export function readEnvironment(env: Readonly<Record<string, string | undefined>> = process.env): Environment {
  const { CREDENCE_KEY: key } = env
  return key === undefined || key === '' ? {} : { key }
}
