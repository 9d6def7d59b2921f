import type { Draft, Report } from './draft.ts'
import type { AuthPattern } from './payload.ts'
import type { PayloadDiscover, PayloadNative } from './payload-native.ts'
import { fieldsIn, parseTemplate } from './template.ts'

const CLIENT_NAMES: readonly string[] = ['client_id', 'client_secret']

/** What the schema cannot say of a platform's own sign-in: each name that is used is known, each channel has its token. */
export function checkNative(pattern: Draft<AuthPattern>, at: string, report: Report): void {
  const native = pattern.native_config
  if (pattern.type !== 'THIRDPARTY') {
    if (native !== undefined && pattern.type !== undefined) {
      report({ pointer: `${at}/native_config`, code: 'NOT_ALLOWED', detail: 'Remove it, or write the type THIRDPARTY.' })
    }
    refuseAsClient(pattern, at, report)
    return
  }
  if (native === undefined) {
    const detail = 'Add `native_config`: what can be handed over, and for which channels.'
    report({ pointer: `${at}/native_config`, code: 'MISSING', detail })
    return
  }
  const here = `${at}/native_config`
  checkClientToken(native, here, report)
  checkChannels(native, here, report)
  const collected = new Set<string>()
  native.discover?.forEach((step, i) => {
    if (step !== undefined) checkStep(step, { at: `${here}/discover/${i}`, native, collected, report })
    if (step?.collect?.name !== undefined) collected.add(step.collect.name)
  })
  if (pattern.verify?.as === 'client' && native.client_token === undefined) missingClientToken(here, report)
}

/** Only a pattern that names the client's own token can make a call with it. */
function refuseAsClient({ type, verify }: Draft<AuthPattern>, at: string, report: Report): void {
  if (type === undefined || verify?.as === undefined) return
  report({ pointer: `${at}/verify/as`, code: 'NOT_ALLOWED', detail: 'Remove it, or write the type THIRDPARTY.' })
}

function missingClientToken(at: string, report: Report): void {
  report({ pointer: `${at}/client_token`, code: 'MISSING', detail: 'Add `client_token`: a call is made by the client itself.' })
}

function checkClientToken({ client_token }: Draft<PayloadNative>, at: string, report: Report): void {
  if (client_token === undefined) return
  const parts = parseTemplate(client_token)
  if (parts !== undefined && fieldsIn(parts).every((name) => CLIENT_NAMES.includes(name))) return
  const detail = 'Write `{{client_id}}` and `{{client_secret}}` where they stand, and no other field.'
  report({ pointer: `${at}/client_token`, code: 'INVALID_VALUE', detail })
}

function checkChannels({ channels, discover }: Draft<PayloadNative>, at: string, report: Report): void {
  const seen = new Set<string>()
  channels?.forEach((channel, i) => {
    const name = channel?.channel
    if (name === undefined) return
    const pointer = `${at}/channels/${i}`
    if (seen.has(name)) report({ pointer: `${pointer}/channel`, code: 'DUPLICATE', detail: 'Write each channel once.' })
    seen.add(name)
    const assets = (discover ?? []).flatMap((step) => step?.assets ?? []).filter((asset) => asset?.channel === name)
    if (assets.length === 0) {
      const detail = 'Add an asset of this channel to `discover`; nothing finds one now.'
      report({ pointer: `${pointer}/channel`, code: 'MISSING', detail })
    }
    if (channel?.token !== 'asset' || assets.every((asset) => asset?.token !== undefined)) return
    report({ pointer: `${pointer}/token`, code: 'NOT_ALLOWED', detail: 'Write `user`, or say where the token of each asset is.' })
  })
}

interface StepScene {
  readonly at: string
  readonly native: Draft<PayloadNative>
  readonly collected: ReadonlySet<string>
  readonly report: Report
}

function checkStep(step: Draft<PayloadDiscover>, { at, native, collected, report }: StepScene): void {
  if (step.as === 'client' && native.client_token === undefined) missingClientToken(at.replace(/\/discover\/\d+$/, ''), report)
  if (step.for !== undefined && !collected.has(step.for)) {
    report({ pointer: `${at}/for`, code: 'UNDECLARED_FIELD', detail: 'Collect ids under this name in an earlier call.' })
  }
  // A brace of its own is part of some query languages: only a whole `{{name}}` is a field.
  const used = [...(step.path ?? '').matchAll(/\{\{(\w+)\}\}/g)].map(([, name]) => name)
  if (!used.every((name) => name === step.for)) {
    report({ pointer: `${at}/path`, code: 'UNDECLARED_FIELD', detail: 'Use only the id of `for` in the path.' })
  }
  const channels = (native.channels ?? []).map((channel) => channel?.channel)
  step.assets?.forEach((asset, i) => {
    if (asset?.channel === undefined || channels.includes(asset.channel)) return
    report({ pointer: `${at}/assets/${i}/channel`, code: 'UNDECLARED_FIELD', detail: 'Declare the channel in `channels`.' })
  })
  if (step.assets === undefined && step.collect === undefined) {
    report({ pointer: `${at}/assets`, code: 'MISSING', detail: 'Add `assets` or `collect`; the call finds nothing now.' })
  }
}
