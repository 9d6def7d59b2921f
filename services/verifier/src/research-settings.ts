import { readFileSync } from 'node:fs'
import { CodedError } from '@credence/errors'
import { Secret } from '@credence/secret'
import type { Settings } from '@credence/service'

/** What the operator may give to research; never from a payload, a page or a tenant. */
export const RESEARCH_SETTINGS = {
  researchModelUrl: {
    name: 'RESEARCH_MODEL_URL',
    kind: 'url',
    doc: 'An OpenAI-compatible endpoint up to `/v1` that helps to read documentation. It is sent public text only. Default: none.',
  },
  researchModel: { name: 'RESEARCH_MODEL', kind: 'string', doc: 'The model to ask there.' },
  researchModelKeyFile: { name: 'RESEARCH_MODEL_KEY_FILE', kind: 'file', doc: 'A file that holds the key for it.' },
  researchSearchUrl: {
    name: 'RESEARCH_SEARCH_URL',
    kind: 'string',
    doc: 'A search endpoint that answers JSON, `{query}` in its place, for services that are given by name. Default: the person is asked.',
  },
} as const

export interface ResearchConfig {
  readonly model?: { readonly url: string; readonly model: string; readonly key?: Secret }
  /** With `{query}`. */
  readonly searchUrl?: string
}

/** Throws INVALID_SETTING. */
export function researchOf(settings: Settings<typeof RESEARCH_SETTINGS>): ResearchConfig {
  const { researchModelUrl: url, researchModel: model, researchModelKeyFile: keyFile, researchSearchUrl: searchUrl } = settings
  if (url !== undefined && model === undefined) throw missing('RESEARCH_MODEL', 'Name the model that is to be asked there.')
  if (searchUrl !== undefined && (!searchUrl.includes('{query}') || !URL.canParse(searchUrl))) {
    throw missing('RESEARCH_SEARCH_URL', 'Give an address with `{query}` in it.')
  }
  const key = keyFile === undefined ? undefined : Secret.fromString(readFileSync(keyFile, 'utf8').trim())
  return {
    ...(url === undefined || model === undefined ? {} : { model: { url, model, ...(key === undefined ? {} : { key }) } }),
    ...(searchUrl === undefined ? {} : { searchUrl }),
  }
}

function missing(name: string, detail: string): CodedError {
  const faults = [{ pointer: `/CREDENCE_${name}`, code: 'INVALID_VALUE', detail }]
  return new CodedError('INVALID_SETTING', `Correct CREDENCE_${name}.`, { faults })
}
