import { readTemplate, renewalUrls } from './fill-hosts.ts'
import { fillUrlTemplate } from './fill-url.ts'
import type { Recipe, RecipeField } from './recipe.ts'
import type { UrlTemplate } from './url-template.ts'

/** A host name inside a hint, like the one in "Your domain (e.g., yourcompany.example.com)". */
const HOST_IN_HINT = /[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}/

type Values = Readonly<Record<string, string>>

/** A value for each plain field that fits every URL where it stands, taken from its hint where the hint shows one. */
export function exampleValues(recipe: Recipe): Values {
  const urls = urlsOf(recipe)
  const fields = recipe.fields.filter((field) => field.plain)
  const examples = Object.fromEntries(fields.map((field) => [field.name, exampleOf(field, urls)]))
  return urls.every((url) => 'url' in fillUrlTemplate(url, (name) => examples[name])) ? examples : shortestValues(recipe)
}

/** The one value that fits wherever a field may stand: the parser puts it there itself to judge a template. */
export function shortestValues(recipe: Recipe): Values {
  return Object.fromEntries(recipe.fields.map((field) => [field.name, 'a']))
}

function urlsOf(recipe: Recipe): readonly UrlTemplate[] {
  const { oauth, probe, revoke } = recipe
  const templates = [
    recipe.proxyUrl,
    ...recipe.extraHosts,
    oauth?.authorizeUri || undefined,
    oauth?.deviceUri,
    oauth?.tokenUri,
    oauth?.userInfoUri,
    probe?.url,
    revoke?.url,
  ]
  return [...templates.flatMap((template) => (template === undefined ? [] : [readTemplate(recipe, template)])), ...renewalUrls(recipe)]
}

function exampleOf(field: RecipeField, urls: readonly UrlTemplate[]): string {
  const shown = HOST_IN_HINT.exec(field.hint ?? '')?.[0]
  const fromHint = shown === undefined ? [] : [shown, shown.split('.')[0] ?? '']
  const candidates = [...fromHint, ...(fitsAll('example.com', field.name, urls) ? ['example.com'] : [])]
  const invented = `your-${field.name.replaceAll(/[^A-Za-z0-9-]/g, '-')}`
  return candidates.find((value) => fitsAll(value, field.name, urls)) ?? invented
}

/** A value fits a host only if it fits one at all: a path takes nearly everything and says nothing about a host name. */
function fitsAll(value: string, name: string, urls: readonly UrlTemplate[]): boolean {
  const hosts = urls.filter((url) => url.host.some((part) => 'field' in part && part.field === name))
  if (hosts.length === 0) return false
  return urls.every((url) => 'url' in fillUrlTemplate(url, (field) => (field === name ? value : 'a')))
}
