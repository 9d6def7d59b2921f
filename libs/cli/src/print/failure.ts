import { CodedError, ERRORS, type ErrorCode, type Fault } from '@credence/errors'
import { CredenceError } from '@credence/sdk'
import { printable, type Terminal } from '../terminal.ts'
import type { Format } from './printer.ts'

/** How a command ends: 0 done, 1 refused, 2 used wrongly, 3 not available now, 130 interrupted by the person. */
export const EXIT = { ok: 0, refused: 1, usage: 2, unavailable: 3, interrupted: 130 } as const

/** The person stopped at a prompt. */
export class Interrupted extends CodedError {
  constructor() {
    super('INVALID_REQUEST', 'Stopped; nothing was changed.')
  }
}

interface Told {
  readonly code: ErrorCode
  readonly detail: string
  readonly faults: readonly Fault[]
  readonly reconnectUrl?: string | undefined
  readonly retryAfterMs?: number | undefined
  readonly traceId?: string | undefined
}

/** Says what went wrong and what to do, on standard error, and gives the exit code. */
export function tellFailure(error: unknown, terminal: Terminal, format: Format): number {
  if (error instanceof Interrupted) {
    terminal.err(error.message)
    return EXIT.interrupted
  }
  const told = toldOf(error)
  terminal.err(format === 'json' ? JSON.stringify({ error: wireOf(told) }) : textOf(told))
  return exitCodeOf(told.code)
}

export function exitCodeOf(code: ErrorCode): number {
  if (code === 'INVALID_SETTING') return EXIT.usage
  return ERRORS[code]?.kind === 'world' ? EXIT.unavailable : EXIT.refused
}

function toldOf(error: unknown): Told {
  if (error instanceof CredenceError) return { ...error, code: error.code, detail: error.detail, faults: error.errors }
  if (error instanceof CodedError) return { ...error.details, code: error.code, detail: error.message, faults: error.details.faults ?? [] }
  // A fault of ours: its text may hold anything, so only its kind is told, and what the system said.
  const { name, code, path } = (error ?? {}) as { readonly name?: unknown; readonly code?: unknown; readonly path?: unknown }
  const system = [code, path].filter((part) => typeof part === 'string').join(' ')
  return { code: 'INTERNAL', detail: `The command failed by a fault of its own (${system === '' ? String(name) : system}).`, faults: [] }
}

function textOf({ code, detail, faults, reconnectUrl, retryAfterMs, traceId }: Told): string {
  const toDo = reconnectUrl === undefined ? adviceFor(code, faults) : `Open ${reconnectUrl}`
  return [
    `${printable(detail)}`,
    ...faults.map((fault) => printable(`  ${fault.pointer === '' ? '(whole)' : fault.pointer}  ${fault.code}  ${fault.detail}`)),
    `  code   ${code}`,
    ...(toDo === undefined || toDo === detail ? [] : [`  to do  ${printable(toDo)}`]),
    ...(retryAfterMs === undefined ? [] : [`  wait   ${Math.ceil(retryAfterMs / 1000)} s`]),
    ...(traceId === undefined ? [] : [`  trace  ${printable(traceId)}`]),
  ].join('\n')
}

/** An advice that speaks of named members helps only where some are named. */
function adviceFor(code: ErrorCode, faults: readonly Fault[]): string | undefined {
  const advice = code === 'INTERNAL' ? undefined : ERRORS[code]?.advice
  return faults.length === 0 && advice?.includes('`errors`') ? undefined : advice
}

function wireOf({ code, detail, faults, reconnectUrl, retryAfterMs, traceId }: Told): object {
  return {
    code,
    detail,
    ...(faults.length === 0 ? {} : { errors: faults }),
    ...(reconnectUrl === undefined ? {} : { reconnect_url: reconnectUrl }),
    ...(retryAfterMs === undefined ? {} : { retry_after_ms: retryAfterMs }),
    ...(traceId === undefined ? {} : { trace_id: traceId }),
  }
}
