import { type Answer, jsonAnswer } from '../exchange.ts'
import { GraphError, missingNode, missingPermission } from './graph-error.ts'
import { type GraphToken, type GraphWorld, randomWord, type SentMessage } from './world.ts'

type Body = Readonly<Record<string, unknown>>

/**
 * `POST /{phone-number-id}/messages` ("WhatsApp Cloud API, Messages"): the token of the person or system user, with
 * `messaging_product: whatsapp`. A Page token has no right to a number.
 */
export function sendWhatsapp(world: GraphWorld, token: GraphToken, order: { numberId: string; body: Body }): Answer {
  const { numberId, body } = order
  const isTheirs = token.person.whatsappAccounts.some(({ numbers }) => numbers.some(({ id }) => id === numberId))
  if (!isTheirs || token.page !== undefined) throw missingNode(numberId)
  if (!token.scopes.includes('whatsapp_business_messaging')) throw missingPermission('You do not have the necessary permissions')
  if (body.messaging_product !== 'whatsapp') throw new GraphError('(#100) The parameter messaging_product is required.', { code: 100 })
  const to = textOf(body.to)
  keep(world, { channel: 'whatsapp', from: numberId, to, text: textOf(at(body, 'text', 'body')), token: token.value })
  const contacts = [{ input: to, wa_id: to.replace(/\D/g, '') }]
  return jsonAnswer(200, { messaging_product: 'whatsapp', contacts, messages: [{ id: `wamid.${randomWord(world, 40)}` }] })
}

/**
 * `POST /{page-id}/messages` and `/me/messages` ("Messenger Platform, Send API"), and the same for the Page's Instagram account
 * ("Instagram Messaging API"): the Page's own token, `recipient.id` and `message`.
 */
export function sendAsPage(world: GraphWorld, token: GraphToken, order: { nodeId: string; body: Body }): Answer {
  const { page } = token
  if (page === undefined) {
    throw new GraphError('(#190) This method must be called with a Page Access Token', { code: 190, subcode: 2069032 })
  }
  const isInstagram = order.nodeId === page.instagram?.id
  if (order.nodeId !== 'me' && order.nodeId !== page.id && !isInstagram) throw missingNode(order.nodeId)
  const needed = isInstagram ? 'instagram_manage_messages' : 'pages_messaging'
  if (!token.scopes.includes(needed)) throw missingPermission(`Requires ${needed} permission to manage the object`)
  const to = textOf(at(order.body, 'recipient', 'id'))
  const text = textOf(at(order.body, 'message', 'text'))
  if (to === '') throw new GraphError('(#100) The parameter recipient is required', { code: 100 })
  keep(world, {
    channel: isInstagram ? 'instagram' : 'messenger',
    from: isInstagram ? order.nodeId : page.id,
    to,
    text,
    token: token.value,
  })
  return jsonAnswer(200, { recipient_id: to, message_id: `m_${randomWord(world, 40)}` })
}

function keep(world: GraphWorld, message: SentMessage): void {
  world.sent.push(message)
}

function at(body: Body, name: string, member: string): unknown {
  const value = body[name]
  return typeof value === 'object' && value !== null ? Reflect.get(value, member) : undefined
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
