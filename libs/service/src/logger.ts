import { pino } from 'pino'
import { type Random, systemRandom } from './clock.ts'
import { describeFailure, type Failure } from './failure.ts'
import { keepFields, type LogFields } from './fields.ts'
import { currentTraceId } from './tracing.ts'

type LogLevel = 'info' | 'warn' | 'error' | 'silent'

export interface LoggerOptions {
  readonly service: string
  /** Takes each line with its line end; default: standard error. */
  readonly write?: (line: string) => void
  /** Default `info`. */
  readonly level?: LogLevel
  /** Source of incident ids; default: the system's. */
  readonly random?: Random
}

/** Writes one JSON line per event. `event` is a constant of the code (`refresh.saved`), never input; the rest is fields of the allow-list. */
export interface Logger {
  info(event: string, fields?: LogFields): void
  warn(event: string, fields?: LogFields): void
  error(event: string, fields?: LogFields): void
  /** Tells of an error without its message, and gives the code and incident id that the answer to the caller must carry. */
  failure(event: string, error: unknown, fields?: LogFields): Failure
  child(fields: LogFields): Logger
}

/** A logger whose lines can hold nothing but allow-listed fields; the trace id of the current context is added by itself. */
export function createLogger(options: LoggerOptions): Logger {
  const destination = options.write === undefined ? pino.destination(2) : { write: options.write }
  const sink = pino(
    {
      level: options.level ?? 'info',
      base: { service: options.service },
      messageKey: 'event',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
    },
    destination,
  )
  return loggerOn(sink, options.random ?? systemRandom, {})
}

function loggerOn(sink: pino.Logger, random: Random, inherited: LogFields): Logger {
  const write = (level: 'info' | 'warn' | 'error', event: string, fields: LogFields = {}): void => {
    if (sink.isLevelEnabled(level)) sink[level](keepFields({ trace_id: currentTraceId(), ...inherited, ...fields }), event)
  }
  return {
    info: (event, fields) => write('info', event, fields),
    warn: (event, fields) => write('warn', event, fields),
    error: (event, fields) => write('error', event, fields),
    failure(event, error, fields) {
      const failure = describeFailure(error, random)
      write(failure.incident === undefined ? 'warn' : 'error', event, { ...fields, ...failure.fields })
      return failure
    },
    child: (fields) => loggerOn(sink, random, { ...inherited, ...fields }),
  }
}
