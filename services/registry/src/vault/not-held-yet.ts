import { CodedError, ERRORS, isCoded } from '@credence/errors'

/**
 * The error for a change that is saved here while the vault, which enforces it, could not be told. Keeps the code where the
 * world is to blame; a caller who repeats his request learns when it holds.
 */
export function notHeldYet(error: unknown): CodedError {
  const world = isCoded(error) && ERRORS[error.code].kind === 'world'
  const detail = 'The change is saved but not in force yet: the vault could not be told. It is tried again by itself; repeat the request.'
  return new CodedError(world ? error.code : 'UNAVAILABLE', detail, isCoded(error) ? error.details : {})
}
