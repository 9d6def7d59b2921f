import { CodedError, isCoded } from '@credence/errors'
import {
  MongoClientClosedError,
  MongoError,
  MongoNetworkError,
  MongoNetworkTimeoutError,
  MongoNotConnectedError,
  MongoServerError,
  MongoServerSelectionError,
  MongoTopologyClosedError,
} from 'mongodb'

/** Why the store cannot be used, and what its operator does about it. The key is what a program reads in `facts.fault`. */
const SENTENCES = {
  unreachable: 'No primary of the MongoDB deployment answers; look at its servers and the network.',
  stalled: 'MongoDB did not answer in time; look at its load and its majority. The last writes may still arrive.',
  denied: 'MongoDB refused the user of this connection; look at its name, its password and its roles on this database.',
  full: 'MongoDB cannot grow: its disk is full. Make room and try again.',
  damaged: 'The database holds what this program did not write; restore it from a backup.',
  newer: 'The database was written by a newer version; start that version.',
  closed: 'The store is closed.',
} as const

export type Fault = keyof typeof SENTENCES

/** `mongodb` is the error code of the server. Nothing else of its error leaves here: its message may repeat what was stored. */
export function storeUnavailable(fault: Fault, code?: number): CodedError {
  const facts = code === undefined ? { fault } : { fault, mongodb: String(code) }
  return new CodedError('STORE_UNAVAILABLE', SENTENCES[fault], { facts })
}

/** github.com/mongodb/mongo/blob/master/src/mongo/base/error_codes.yml */
const BY_CODE: Readonly<Record<number, Fault>> = {
  6: 'unreachable', // HostUnreachable
  7: 'unreachable', // HostNotFound
  13: 'denied', // Unauthorized
  18: 'denied', // AuthenticationFailed
  50: 'stalled', // MaxTimeMSExpired
  64: 'stalled', // WriteConcernTimeout
  79: 'unreachable', // UnknownReplWriteConcern
  89: 'stalled', // NetworkTimeout
  91: 'unreachable', // ShutdownInProgress
  100: 'unreachable', // UnsatisfiableWriteConcern
  133: 'unreachable', // FailedToSatisfyReadPreference
  134: 'unreachable', // ReadConcernMajorityNotAvailableYet
  189: 'unreachable', // PrimarySteppedDown
  202: 'stalled', // NetworkInterfaceExceededTimeLimit
  262: 'stalled', // ExceededTimeLimit
  276: 'unreachable', // IndexBuildAborted
  9001: 'unreachable', // SocketException
  10058: 'unreachable', // NotPrimaryOrSecondary, of old
  10107: 'unreachable', // NotWritablePrimary
  11600: 'unreachable', // InterruptedAtShutdown
  11601: 'unreachable', // Interrupted
  11602: 'unreachable', // InterruptedDueToReplStateChange
  13388: 'unreachable', // StaleConfig
  13435: 'unreachable', // NotPrimaryNoSecondaryOk
  13436: 'unreachable', // NotPrimaryOrSecondary
  14031: 'full', // OutOfDiskSpace
}

/** What an error of the driver means; undefined for one that is a bug of ours. */
export function faultOf(error: unknown): Fault | undefined {
  if (error instanceof MongoNotConnectedError || error instanceof MongoTopologyClosedError || error instanceof MongoClientClosedError) {
    return 'closed'
  }
  if (error instanceof MongoNetworkTimeoutError) return 'stalled'
  if (error instanceof MongoServerError) return BY_CODE[Number(error.code)] ?? (isOverload(error) ? 'stalled' : undefined)
  if (error instanceof MongoServerSelectionError) return deniedIn(error) ? 'denied' : 'unreachable'
  if (error instanceof MongoNetworkError) return 'unreachable'
  if (error instanceof MongoError && error.name === 'MongoWaitQueueTimeoutError') return 'stalled'
  return undefined
}

/** The error to throw for what went wrong at the driver. */
export function asCoded(error: unknown): unknown {
  if (isCoded(error) || !(error instanceof MongoError)) return error
  const code = error instanceof MongoServerError ? Number(error.code) : undefined
  const fault = faultOf(error)
  if (fault) return storeUnavailable(fault, code)
  // Its message may hold what was stored, or the address with the password.
  return new TypeError(`the MongoDB driver threw ${error.name}${code === undefined ? '' : ` with code ${code}`}`)
}

/** True when a write that ended so may have been carried out: it was sent, and its answer did not come or did not say. */
export function isUncertain(error: unknown): boolean {
  if (error instanceof MongoServerSelectionError) return false
  const fault = faultOf(error)
  return fault === 'unreachable' || fault === 'stalled'
}

function isOverload(error: MongoServerError): boolean {
  return error.hasErrorLabel('SystemOverloadedError')
}

function deniedIn(error: MongoServerSelectionError): boolean {
  const { cause } = error
  return cause instanceof MongoServerError && BY_CODE[Number(cause.code)] === 'denied'
}
