/** One error type, one closed list of codes, and one table that says who must act and which gRPC and HTTP status a code has. */
export { CodedError, type CodedErrorDetails, type ConsentAsked, type Fault, type IdentityAsked, isCoded } from './coded-error.ts'
export { PROBLEM_TYPE, type Problem, problemOf } from './problem.ts'
export { ERRORS, type ErrorCode, type ErrorEntry, type GrpcStatus, type Kind } from './table.ts'
