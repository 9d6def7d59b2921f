import { CodedError, type Fault } from '@credence/errors'
import { findFreePort, findPortHolder, type PortHolder } from '../platform/port-holder.ts'
import { printable } from '../terminal.ts'
import type { Standalone, StandaloneConfig } from './standalone.ts'

/** A port that somebody else holds, and the flag and the free port that help. */
export interface BusyPort {
  /** `--public-port` */
  readonly flag: string
  readonly port: number
  readonly free: number
  readonly holder?: PortHolder
}

const LONGEST_COMMAND = 60

/** The ports that a refused start named, each with its holder. */
export async function busyPortsOf(
  faults: readonly Fault[],
  config: StandaloneConfig,
  settings: Standalone['STANDALONE_SETTINGS'],
): Promise<BusyPort[]> {
  const busy: BusyPort[] = []
  for (const { pointer } of faults) {
    const [member, setting] = Object.entries(settings).find(([, { name }]) => pointer === `/CREDENCE_${name}`) ?? []
    const port = member === undefined ? undefined : config.settings[member]
    if (setting === undefined || typeof port !== 'number') continue
    const holder = await findPortHolder(port)
    const flag = `--${setting.name.toLowerCase().replaceAll('_', '-')}`
    busy.push({ flag, port, free: await findFreePort(config.settings.host), ...(holder === undefined ? {} : { holder }) })
  }
  return busy
}

/** `Port 7400 is held by node server.js (pid 4711).` */
export function describeBusy({ port, holder }: BusyPort): string {
  if (holder === undefined) return `Port ${port} is held by a process that cannot be told (perhaps of another user).`
  const { command, pid } = holder
  const line = printable(command)
  const short = line.length > LONGEST_COMMAND ? `${line.slice(0, LONGEST_COMMAND)}…` : line
  return `Port ${port} is held by ${short === '' ? 'a process' : short} (pid ${pid}).`
}

/** The refusal when nobody can be asked. */
export function busyPortsError(busy: readonly BusyPort[]): CodedError {
  const remedy = `Start with free ones: npm start -- ${flagsOf(busy).join(' ')}`
  const faults = busy.map((it) => ({
    pointer: `/CREDENCE_${it.flag.slice(2).replaceAll('-', '_').toUpperCase()}`,
    code: 'PORT_IN_USE',
    detail: `${describeBusy(it)} ${it.free} is free.`,
  }))
  return new CodedError('PORT_IN_USE', remedy, { faults })
}

export function flagsOf(busy: readonly BusyPort[]): string[] {
  return busy.flatMap(({ flag, free }) => [flag, String(free)])
}
