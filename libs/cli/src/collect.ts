import { CodedError } from '@credence/errors'

/** Everything a list gives, at most `limit`. */
export async function collect<T>(items: AsyncIterable<T>, limit?: number): Promise<T[]> {
  const all: T[] = []
  if (limit === 0) return all
  for await (const item of items) {
    all.push(item)
    if (all.length === limit) break
  }
  return all
}

/** A whole number of an option. Throws INVALID_SETTING naming the option. */
export function countOf(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw new CodedError('INVALID_SETTING', `\`${option}\` is a whole number.`)
}

/** A time of an option, RFC 3339. Throws INVALID_SETTING naming the option. */
export function timeOf(option: string, text: string | undefined): Date | undefined {
  if (text === undefined) return undefined
  const time = new Date(text)
  if (/^\d{4}-\d{2}-\d{2}/.test(text) && !Number.isNaN(time.getTime())) return time
  throw new CodedError('INVALID_SETTING', `\`${option}\` is a time such as 2026-12-31T00:00:00Z.`)
}

/** `name=value` options. Throws INVALID_SETTING naming the option. */
export function pairsOf(option: string, texts: readonly string[] | undefined): Record<string, string> | undefined {
  if (texts === undefined) return undefined
  return Object.fromEntries(
    texts.map((text) => {
      const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? []
      if (name === undefined || value === undefined) throw new CodedError('INVALID_SETTING', `\`${option}\` is NAME=VALUE.`)
      return [name, value]
    }),
  )
}

/** The nth argument, which commander has seen to be there. */
export function argument(args: readonly string[], at: number): string {
  const value = args[at]
  if (value === undefined) throw new TypeError(`argument ${at} is not declared`)
  return value
}
