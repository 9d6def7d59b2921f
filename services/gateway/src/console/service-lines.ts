import { looksLikeSecret } from '@credence/secret'

export interface ServiceLines {
  /** Each a name or an address. */
  readonly services: readonly string[]
  /** What may stand in the form again: without what looked like a secret. */
  readonly kept: string
  readonly problems: readonly string[]
}

export const MOST_SERVICES = 50
const MAX_LENGTH = 2000

/** What a person typed, a service on each line. Nothing starts while one line of it cannot be taken. */
export function serviceLines(typed: string): ServiceLines {
  const lines = typed.split(/\r\n|\r|\n/).map((line) => line.trim())
  const refused = lines.map(refusalOf)
  const services = lines.filter((line, at) => line !== '' && refused[at] === undefined)
  const kept = lines.filter((line, at) => refused[at] === undefined || !looksLikeSecret(line)).join('\n')
  const at = (i: number): string => (lines.filter((line) => line !== '').length > 1 ? `Line ${i + 1}` : 'This')
  const problems = refused.flatMap((why, i) => (why === undefined ? [] : [`${at(i)} ${why}`]))
  if (problems.length > 0) return { services, kept, problems }
  if (services.length === 0) return { services, kept, problems: ['Write the name of a service, or the address of its site.'] }
  if (services.length > MOST_SERVICES)
    return { services, kept, problems: [`These are ${services.length}. Start at most ${MOST_SERVICES} at once.`] }
  return { services, kept, problems }
}

/** What is wrong with a text that names a service; a predicate without its subject. It never repeats the text. */
export function refusalOf(line: string): string | undefined {
  if (looksLikeSecret(line)) {
    return 'looks like a secret and was taken away. Nothing of it was kept. Keys and passwords are asked for later, on a page of their own; if it was sent elsewhere before, replace it at the service.'
  }
  if (line.length > MAX_LENGTH) return 'is too long. Write the name of the service, or the address of its site.'
  return /[\u0000-\u001f\u007f]/.test(line) ? 'has characters that cannot be shown. Type it by hand.' : undefined
}
