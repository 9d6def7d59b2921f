import type { ProbeResponse } from '@credence/proto/vault'

export type Cause = 'key_wrong' | 'scope_missing' | 'host_wrong' | 'provider_down' | 'throttled' | 'unexpected_answer'

/** What the answer of a probe says of the credential. `undecided`: the provider did not speak about it. */
export type ProbeVerdict =
  | { readonly verdict: 'ok' }
  | { readonly verdict: 'failed' | 'undecided'; readonly cause: Cause; readonly sentence: string }

const SENTENCES: Readonly<Record<Cause, string>> = {
  key_wrong: 'The provider did not accept these values. Check them for typing errors, and that the key is still in force.',
  scope_missing: 'The provider knows the key but does not let it read. Give it the permissions that it needs, or use another key.',
  host_wrong: 'There is no such address at the provider. Check the domain.',
  provider_down: 'The provider cannot be reached at the moment, so the values could not be checked.',
  throttled: 'The provider asks us to wait, so the values could not be checked.',
  unexpected_answer: 'The provider gave an answer that does not fit. Check the address and the values.',
}

type ProbeAnswer = Pick<ProbeResponse, 'httpStatus' | 'expected' | 'failure'> & Partial<Pick<ProbeResponse, 'denied'>>

/** A 401 or 403 speaks about the key, a 404 about the address, a 429 or 5xx about nothing but the moment. */
export function judgeProbe(answer: ProbeAnswer): ProbeVerdict {
  if (answer.expected) return { verdict: 'ok' }
  const { status, cause } = causeOf(answer)
  return { verdict: status, cause, sentence: SENTENCES[cause] }
}

function causeOf({ httpStatus, failure, denied }: ProbeAnswer): { status: 'failed' | 'undecided'; cause: Cause } {
  if (failure === 'ADDRESS_REFUSED' || failure === 'HOST_REFUSED') return { status: 'failed', cause: 'host_wrong' }
  if (failure !== '') return { status: 'undecided', cause: 'provider_down' }
  if (denied === true) return { status: 'failed', cause: 'key_wrong' }
  if (httpStatus === 401) return { status: 'failed', cause: 'key_wrong' }
  if (httpStatus === 403) return { status: 'failed', cause: 'scope_missing' }
  if (httpStatus === 404) return { status: 'failed', cause: 'host_wrong' }
  if (httpStatus === 429) return { status: 'undecided', cause: 'throttled' }
  if (httpStatus >= 500) return { status: 'undecided', cause: 'provider_down' }
  return { status: 'failed', cause: 'unexpected_answer' }
}
