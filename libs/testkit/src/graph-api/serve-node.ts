import type { Answer } from '../exchange.ts'
import { GraphError, missingNode } from './graph-error.ts'
import { accounts, debugToken, me, type NodeCall, pageNode, phoneNumbers, removeApp } from './nodes.ts'
import { sendAsPage, sendWhatsapp } from './send-message.ts'
import { checkProof, tokenInForce } from './tokens.ts'
import type { GraphWorld } from './world.ts'

export interface NodeRequest {
  readonly method: string
  /** Below the version. */
  readonly path: readonly string[]
  readonly query: URLSearchParams
  readonly body: Readonly<Record<string, unknown>>
  readonly authorization: string | undefined
}

/** A call of a node: the token in force, its proof, then what the node does. */
export function nodeAnswer(world: GraphWorld, request: NodeRequest): Answer {
  const { path, query, body, method } = request
  const [node = '', edge = ''] = path
  const presented = presentedToken(request)
  if (node === 'debug_token') return debugToken(world, presented ?? '', query)
  const token = tokenInForce(world, presented)
  checkProof(world, token.value, query.get('appsecret_proof') ?? undefined)
  const call: NodeCall = { token, query }
  const isNumber = world.people.some(({ whatsappAccounts }) =>
    whatsappAccounts.some(({ numbers }) => numbers.some(({ id }) => id === node)),
  )
  if (method === 'POST' && edge === 'messages') {
    return isNumber ? sendWhatsapp(world, token, { numberId: node, body }) : sendAsPage(world, token, { nodeId: node, body })
  }
  if (method === 'DELETE' && edge === 'permissions') return removeApp(world, call)
  if (method !== 'GET')
    throw new GraphError(`Unsupported ${method.toLowerCase()} request.`, { type: 'GraphMethodException', code: 100, subcode: 33 })
  if (node === 'me') return edge === 'accounts' ? accounts(world, call) : me(call)
  if (edge === 'phone_numbers') return phoneNumbers(call, node)
  const page = world.people.flatMap(({ pages }) => pages).find(({ id }) => id === node)
  if (page === undefined || edge !== '') throw missingNode(node)
  return pageNode(world, call, page)
}

/** "Access Tokens": the parameter `access_token`, or a bearer header. */
function presentedToken({ query, authorization }: NodeRequest): string | undefined {
  return query.get('access_token') ?? /^(?:Bearer|OAuth) (.+)$/.exec(authorization ?? '')?.[1]
}
