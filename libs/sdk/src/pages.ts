import type { Rest } from './rest.ts'

export interface ListOptions {
  /** How many come with one request: 1 to 200, default 50. */
  readonly pageSize?: number
}

/** Where a list is and which member of its answer holds the items. */
export interface ListAt {
  readonly path: string
  readonly items: string
  readonly query?: Readonly<Record<string, string | number | undefined>>
}

/** Every item of a list, page by page as they are asked for. */
export async function* listAll<T>(
  rest: Rest,
  { path, items, query }: ListAt,
  options: ListOptions = {},
): AsyncGenerator<T, void, undefined> {
  let pageToken: string | undefined
  do {
    const answer = await rest.call<Record<string, unknown>>({
      method: 'GET',
      path,
      query: { ...query, page_size: options.pageSize, page_token: pageToken },
    })
    yield* (answer[items] ?? []) as T[]
    pageToken = (answer.nextPageToken as string | undefined) || undefined
  } while (pageToken !== undefined)
}
