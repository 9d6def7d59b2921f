import type { RecipeSign } from '@credence/provider/sign'
import type { Random } from '@credence/service'
import { seededRandom } from '@credence/testkit'
import { type InjectedRequest, inject } from '../src/credential/inject.ts'
import { signRequest } from '../src/credential/sign/sign-request.ts'
import { recipeWith } from './connecting.ts'

export interface Signing {
  readonly method?: string
  readonly url?: string
  readonly headers?: readonly (readonly [string, string])[]
  readonly body?: string
  readonly fields?: Readonly<Record<string, string>>
  readonly plain?: Readonly<Record<string, string>>
  /** Milliseconds. */
  readonly now?: number
  readonly random?: Random
}

export const NOW: number = Date.UTC(2026, 0, 2, 3, 4, 5, 678)

/** What the vault does with a payload's `sign`. */
export function signOf(sign: object, fields: readonly string[] = ['key']): RecipeSign {
  const recipe = recipeWith({ type: 'CUSTOM', fields: fields.map((field_name) => ({ field_name })), sign })
  if (recipe.sign === undefined) throw new TypeError('nothing is signed')
  return recipe.sign
}

/** The request as it was signed, with its placeholders. */
export function signed(sign: RecipeSign, signing: Signing = {}): InjectedRequest {
  const { method = 'GET', url = 'https://api.example.com/v1/things', headers = [], body, plain = {}, now = NOW } = signing
  const random = signing.random ?? seededRandom('signing')
  const fields = new Map(Object.entries({ ...signing.fields, ...plain }).map(([name, value]) => [name, Buffer.from(value)]))
  const request = inject({ url: new URL(url), headers }, [], { fields, plain, random })
  return signRequest(request, sign, { method, body: body === undefined ? undefined : Buffer.from(body), fields, plain, now, random })
}

/** The request as it stands on the wire. */
export function onWire(request: InjectedRequest): { url: string; header(name: string): string | undefined; names: readonly string[] } {
  const filled = (text: string): string =>
    request.secrets.reduce((left, { placeholder, bytes }) => left.replace(placeholder, Buffer.from(bytes).toString()), text)
  return {
    url: filled(request.url),
    names: request.headers.map(([name]) => name),
    header: (wanted) => {
      const found = request.headers.filter(([name]) => name.toLowerCase() === wanted.toLowerCase())
      return found.length === 0 ? undefined : found.map(([, value]) => filled(value)).join(', ')
    },
  }
}

export const wireOf = (sign: RecipeSign, signing: Signing = {}): ReturnType<typeof onWire> => onWire(signed(sign, signing))
