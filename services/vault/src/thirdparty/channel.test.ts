import type { Recipe } from '@credence/provider'
import { expect, test } from 'vitest'
import type { Access, Child } from '../credential/child.ts'
import { channelFields, channelOf } from './channel.ts'
import { withoutTokensOf } from './choose-assets.ts'
import { tokenField } from './native.ts'

const BASE = 'https://api.example.com/v1'
const channels = [
  { channel: 'chat', displayName: 'Chat', asset: 'line', token: 'user' },
  { channel: 'post', displayName: 'Posts', asset: 'page', token: 'asset' },
] as const
const recipe = { native: { discover: [], channels, refusedPaths: ['/', '/inspect'] } } as unknown as Recipe
const access = {
  channels: [
    { consumer: 'csmr_line', channel: 'chat', nativeId: '10' },
    { consumer: 'csmr_page', channel: 'post', nativeId: '30' },
    { consumer: 'csmr_gone', channel: 'chat', nativeId: '99' },
  ],
} as unknown as Access
const assets = [
  { channel: 'chat', id: '10', name: 'A', parent: '1' },
  { channel: 'chat', id: '11', name: 'B', parent: '1' },
  { channel: 'post', id: '30', name: 'C' },
]
const child = { id: 'cred_x', access, native: { assets, chosen: true, withheld: ['12', 'C3'] } } as unknown as Child & { access: Access }

/** What becomes of a call: the asset that it stands on, `none`, or the code of its refusal. */
function outcome(path: string, consumer = ''): string {
  try {
    return channelOf(child, recipe, { consumer, target: new URL(`${BASE}${path}`), base: BASE })?.nativeId ?? 'none'
  } catch (error) {
    return (error as { code: string }).code
  }
}

test.each([
  ['/10/messages', 'csmr_line', '10'],
  ['/1/templates', 'csmr_line', '10'],
  ['/me', 'csmr_page', '30'],
  ['/me', '', 'none'],
  ['/10/messages', '', 'CHANNEL_REQUIRED'],
  ['/10/messages', 'csmr_page', 'CHANNEL_REQUIRED'],
  ['/11/messages', 'csmr_line', 'CHANNEL_REQUIRED'],
  ['/%31%30/messages', 'csmr_page', 'CHANNEL_REQUIRED'],
  ['//10;x=1/messages', 'csmr_page', 'CHANNEL_REQUIRED'],
  ['/10/messages', 'csmr_stranger', 'CHANNEL_REQUIRED'],
  ['/me', 'csmr_gone', 'ASSET_NOT_GRANTED'],
  ['/12/messages', 'csmr_line', 'ASSET_NOT_GRANTED'],
  ['/%312/messages', '', 'ASSET_NOT_GRANTED'],
  ['/c3', '', 'ASSET_NOT_GRANTED'],
  ['/', 'csmr_line', 'PATH_REFUSED'],
  ['?batch=[]', 'csmr_line', 'PATH_REFUSED'],
  ['/Inspect/', 'csmr_line', 'PATH_REFUSED'],
])('[S2-11] %s of %j: %s', (path, consumer, expected) => {
  expect(outcome(path, consumer)).toBe(expected)
})

test('[S2-10] the token of the asset stands for that of the person where the channel says so', () => {
  const fields = new Map([
    ['access_token', Buffer.from('of the person')],
    [tokenField({ channel: 'post', id: '30' }), Buffer.from('of the page')],
  ])
  const tokenOf = (at: number): string | undefined => channelFields(fields, recipe, access.channels?.[at]).get('access_token')?.toString()
  expect([channelFields(fields, recipe, undefined), tokenOf(0), tokenOf(1)]).toEqual([fields, 'of the person', 'of the page'])
  fields.delete(tokenField({ channel: 'post', id: '30' }))
  expect(() => tokenOf(1)).toThrow(expect.objectContaining({ code: 'ASSET_NOT_GRANTED' }))
})

test('[S2-10] what was not chosen takes its token along, and nothing else', () => {
  const tokens = assets.map((asset) => [tokenField(asset), Buffer.from(asset.id)] as const)
  const fields = new Map([['access_token', Buffer.from('a')], ...tokens])
  const kept = withoutTokensOf(fields, [{ channel: 'post', id: '30', name: 'C' }])
  expect([...kept.keys()]).toEqual(['access_token', 'asset_token chat 10', 'asset_token chat 11'])
})
