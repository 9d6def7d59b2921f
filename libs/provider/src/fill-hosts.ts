import { CodedError, type Fault } from '@credence/errors'
import { fillUrlTemplate } from './fill-url.ts'
import { pointerTo } from './pointer.ts'
import type { Hosts, Recipe } from './recipe.ts'
import { parseUrlTemplate, type UrlTemplate } from './url-template.ts'

type PlainValues = Readonly<Record<string, string>>

/**
 * The hosts that a credential with these plain values is bound to, by purpose. Throws FIELD_REFUSED with all faults at
 * once, by `/fields/<name>`. Values of other fields in `plain` are not looked at.
 */
export function fillHosts(recipe: Recipe, plain: PlainValues): Hosts {
  const faults: Fault[] = []
  const bases = (...templates: readonly (string | UrlTemplate | undefined)[]): readonly string[] => [
    ...new Set(templates.flatMap((template) => (template === undefined ? [] : (fill(recipe, { template, plain }, faults)?.base ?? [])))),
  ]
  const hosts: Hosts = {
    use: bases(recipe.proxyUrl, ...recipe.extraHosts),
    token: bases(recipe.oauth?.tokenUri, recipe.oauth?.deviceUri, ...renewalUrls(recipe)),
    revoke: bases(recipe.revoke?.url),
    // A relative probe goes where the proxy goes anyway; naming its path would make every change of it a change of hosts.
    verify: bases(recipe.probe?.url.startsWith('/') ? recipe.proxyUrl : recipe.probe?.url),
  }
  // Not called with a secret, but the person is sent there: a value that does not fit is refused here and not in mid-flow.
  bases(recipe.oauth?.authorizeUri || undefined, recipe.oauth?.userInfoUri, recipe.probe?.url)
  if (faults.length > 0) throw refused(faults)
  return hosts
}

/**
 * A whole URL of the recipe (`oauth.authorizeUri`, `oauth.tokenUri`, `revoke.url`, `probe.url`, …) with its fields filled
 * in; a template that begins with a slash goes below `proxyUrl`. Throws FIELD_REFUSED as `fillHosts` does.
 */
export function fillUrl(recipe: Recipe, template: string, plain: PlainValues): string {
  const faults: Fault[] = []
  const filled = fill(recipe, { template, plain }, faults)
  if (filled === undefined) throw refused(faults)
  return filled.url
}

function refused(faults: readonly Fault[]): CodedError {
  const unique = new Map(faults.map((fault) => [`${fault.pointer} ${fault.detail}`, fault]))
  return new CodedError('FIELD_REFUSED', undefined, { faults: [...unique.values()] })
}

function fill(
  recipe: Recipe,
  input: { template: string | UrlTemplate; plain: PlainValues },
  faults: Fault[],
): { url: string; base: string } | undefined {
  const { template, plain } = input
  const url = typeof template === 'string' ? readTemplate(recipe, template) : template
  const filled = fillUrlTemplate(url, (name) => (Object.hasOwn(plain, name) ? plain[name] : undefined))
  if ('url' in filled) return filled
  for (const { field, code, detail } of filled.problems) faults.push({ pointer: pointerTo('/fields', field), code, detail })
  return undefined
}

/** A URL template of the recipe, read; one that begins with a slash goes below `proxyUrl`. */
export function readTemplate(recipe: Recipe, template: string): UrlTemplate {
  const reading = parseUrlTemplate(template.startsWith('/') ? `${recipe.proxyUrl}${template}` : template, { query: true })
  if ('problems' in reading) throw new TypeError('a recipe holds only URL templates that parseProvider accepted')
  return reading.url
}

/**
 * Where a renewal goes, as far as it is known before anything is obtained: a path ends at the first segment that takes a
 * result, and what is appended there stays below it.
 */
export function renewalUrls(recipe: Recipe): readonly UrlTemplate[] {
  const { renewal } = recipe
  if (renewal === undefined) return []
  if (renewal.kind !== 'steps') return [readTemplate(recipe, renewal.tokenUri)]
  const fields = new Set(recipe.fields.map(({ name }) => name))
  return renewal.steps.map((step) => {
    const { query: _query, ...url } = readTemplate(recipe, step.url)
    const end = url.segments.findIndex((segment) => segment.some((part) => 'field' in part && !fields.has(part.field)))
    return end < 0 ? url : { ...url, segments: url.segments.slice(0, end) }
  })
}
