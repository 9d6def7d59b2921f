import { ERRORS } from '@credence/errors'
import type { Logger } from '@credence/service'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { sendPage } from '../http/page.ts'
import { asCoded } from '../http/problem.ts'
import { renderElsewhere, renderFailed } from './pages/index.ts'

/** What a person reads instead of our sentences for programs. */
const PLAIN: Readonly<Record<string, { readonly title: string; readonly sentence: string }>> = {
  NOT_FOUND: { title: 'Nothing here', sentence: 'This link does not lead anywhere. Ask whoever sent it for a new one.' },
  SESSION_REFUSED: {
    title: 'Nothing happens here',
    sentence: 'This link was opened in another browser first. Nothing was connected, and nothing will be.',
  },
  CLIENT_MISSING: {
    title: 'Not set up yet',
    sentence:
      'Signing in to this service has not been set up. Tell whoever asked you: an administrator has to register its OAuth client first.',
  },
  STATE_REFUSED: {
    title: 'Nothing was connected',
    sentence: 'This answer does not belong to a sign-in of this browser. Start again from the link that you were given.',
  },
  CHALLENGE_REFUSED: {
    title: 'This link is used up',
    sentence: 'It was good for one try, or it is too old. Go back to the conversation and go on there: you will get a new one.',
  },
  IDENTITY_LOCKED: {
    title: 'Too many answers did not match',
    sentence: 'No answer is taken for a while. Go back to the conversation: you can be served in another way.',
  },
  REQUEST_TOO_LARGE: { title: 'Too much text', sentence: 'One of the values is far too long. Go back and paste only the key.' },
  INTERNAL: { title: 'Something went wrong on our side', sentence: 'Nothing was connected. Try again, or tell the operator.' },
}

/** The page for a request that was refused. It says nothing of a session that is not the visitor's. */
export function refusalPage(
  error: unknown,
  request: FastifyRequest,
  { reply, log }: { readonly reply: FastifyReply; readonly log: Logger },
): FastifyReply {
  const coded = asCoded(error)
  log.failure('page.refused', coded ?? error, { trace_id: request.traceId })
  const code = coded?.code ?? 'INTERNAL'
  const status = ERRORS[code].http
  if (code === 'REQUEST_TOO_LARGE') reply.header('connection', 'close')
  const plain = PLAIN[code] ?? { title: ERRORS[code].title, sentence: coded?.message ?? ERRORS[code].advice }
  if (code === 'NOT_FOUND' || code === 'SESSION_REFUSED') return sendPage(reply, renderElsewhere(plain), { status })
  return sendPage(reply, renderFailed({ ...plain, code, actions: [] }), { status })
}
