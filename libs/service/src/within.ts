import { CodedError, type ErrorCode } from '@credence/errors'

/** Throws an error with `code` when the work is not done in time; what it was doing goes on. */
export async function within<T>(patienceMs: number, work: Promise<T>, code: ErrorCode = 'DEADLINE_EXCEEDED'): Promise<T> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new CodedError(code)), patienceMs)
  try {
    return await Promise.race([work, late.promise])
  } finally {
    clearTimeout(timer)
  }
}
