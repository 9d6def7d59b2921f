import { answerPointer, closed, label, list, oneOf, type SchemaNode, text, whole } from './schema-terms.ts'

const NAME = '^[a-z][a-z0-9_]{0,31}$'
const PARAMETER = '^[A-Za-z][A-Za-z0-9_.-]{0,63}$'

const path = (description: string, example: string): SchemaNode => text('^/', description, example)
const name = (description: string, example: string): SchemaNode => text(NAME, description, example)
const parameter = (description: string, example: string): SchemaNode => text(PARAMETER, description, example)

const asset: SchemaNode = closed(
  {
    channel: name('the channel that the asset is for', 'chat'),
    id: answerPointer("the asset's id in the item", '/id'),
    name: answerPointer("the asset's name in the item", '/name'),
    label: answerPointer('what people know the asset by beside its name', '/display_phone_number'),
    token: answerPointer("the asset's own token in the item", '/access_token'),
    parent: answerPointer('the id that the asset belongs to', '/owner/id'),
  },
  ['channel', 'id', 'name'],
  'an asset that an item of the list is',
)

const discover: SchemaNode = closed(
  {
    path: path('the path below `proxy_url`, with `{{name}}` for an id of `for`', '/me/accounts'),
    as: oneOf(['client'], 'who makes the call: `client` for the client itself, else the person'),
    token_parameter: parameter("the query parameter that carries the person's token in a call of the client", 'input_token'),
    for: name('the name under which an earlier call collected ids', 'business'),
    each: text('^(/([^~/]|~[01])*)*$', 'a JSON pointer to the list in the answer', '/data'),
    where: closed(
      { pointer: answerPointer('the member of the item to compare', '/scope'), equals: label('the value it must have') },
      ['pointer', 'equals'],
      'which items count',
    ),
    collect: closed(
      { ids: answerPointer('the list of ids in the item', '/target_ids'), name: name('the name to keep them under', 'business') },
      ['ids', 'name'],
      'the ids to keep for later calls',
    ),
    assets: list(asset, { min: 1, max: 5 }, 'the assets that each item is'),
    page: closed(
      {
        more: answerPointer('a member that is there while the list goes on', '/paging/next'),
        cursor: answerPointer('the place to go on from', '/paging/cursors/after'),
        parameter: parameter('the query parameter that takes the place', 'after'),
      },
      ['more', 'cursor', 'parameter'],
      'how a long list goes on',
    ),
  },
  ['path', 'each'],
  'a call that finds assets',
)

const channel: SchemaNode = closed(
  {
    channel: name('the channel', 'chat'),
    display_name: label('the name of the channel that people see'),
    asset: label('what one asset of the channel is called'),
    token: oneOf(['user', 'asset'], 'whose token the calls of the channel carry'),
  },
  ['channel', 'display_name', 'asset', 'token'],
  'a channel',
)

/** `native_config` of a THIRDPARTY pattern. */
export const NATIVE: SchemaNode = closed(
  {
    exchange: closed(
      {
        grant_type: text('^[\\u0021-\\u007e]{1,200}$', 'the grant type of the exchange', 'exchange_token'),
        parameter: parameter('the parameter that carries the token in force', 'token'),
        parameters: {
          type: 'object',
          maxProperties: 10,
          additionalProperties: text('^[\\u0020-\\u007e]{0,200}$', 'the value of the parameter', 'true'),
          description: 'further parameters of the exchange',
        },
      },
      ['grant_type', 'parameter'],
      'the exchange for a token that lasts',
    ),
    proof: closed(
      { parameter: parameter('the query parameter of the proof', 'proof'), hash: oneOf(['sha256'], 'the hash of the HMAC') },
      ['parameter', 'hash'],
      "an HMAC of the token under the client's secret, on every call",
    ),
    client_token: text('^[\\u0021-\\u007e]{1,200}$', 'a template over `client_id` and `client_secret`', '{{client_id}}|{{client_secret}}'),
    account: closed(
      {
        path: path('the path below `proxy_url`', '/me'),
        id: answerPointer("the account's id in the answer", '/id'),
        name: answerPointer("the account's name in the answer", '/name'),
      },
      ['path', 'id', 'name'],
      'the call that says who signed in',
    ),
    discover: list(discover, { min: 1, max: 10 }, 'the calls that find what can be handed over'),
    channels: list(channel, { min: 1, max: 10 }, 'the channels that the credential is for'),
    refused: closed(
      {
        statuses: list(whole([400, 599], 'an HTTP status'), { min: 1, max: 10, unique: true }, 'the statuses that may mean it'),
        pointer: answerPointer('the member that says it', '/error/code'),
        values: list(label('a value'), { min: 1, max: 20, unique: true }, 'the values that mean it'),
      },
      ['statuses', 'pointer', 'values'],
      'an answer that means that the token is refused',
    ),
    messages: closed(
      {
        origins: list(text('^https://[^/?#]+$', 'an origin', 'https://login.example.com'), { min: 1, max: 5 }, 'who may send them'),
        type: label('the `type` member of such a message'),
      },
      ['origins', 'type'],
      'messages of the sign-in window to its opener',
    ),
    refused_paths: list(path('a path below `proxy_url`', '/batch'), { max: 20, unique: true }, 'the paths that nobody may call'),
    token_prefix: text('^[A-Za-z0-9_-]{3,32}$', 'what every token of the provider begins with', 'TKN_'),
  },
  ['discover', 'channels'],
  "what the platform's own sign-in needs beyond OAuth",
)
