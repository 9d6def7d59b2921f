import { readFileSync } from 'node:fs'
import { parse } from 'yaml'

interface AsyncApi {
  readonly components: {
    readonly messages: Readonly<Record<string, { readonly summary?: string; readonly title?: string; readonly description?: string }>>
  }
}

/** The facts, as the document of the event stream says them. */
export function factsTable(): string {
  const text = readFileSync(new URL('../../libs/events/asyncapi.yaml', import.meta.url), 'utf8')
  const { messages } = (parse(text) as AsyncApi).components
  const rows = Object.entries(messages).map(
    ([type, { summary, title, description }]) => `| \`${type}\` | ${oneLine(summary ?? title ?? description ?? '')} |`,
  )
  return ['', '| fact | |', '|---|---|', ...rows, '', ''].join('\n')
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').replaceAll('|', '\\|').trim()
}
