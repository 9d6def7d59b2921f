import type { Prompts } from './prompts.ts'
import { readSecretFrom } from './read-stdin.ts'

/** One secret, asked for at a terminal and else read from standard input; handed to `use` as bytes, then wiped. */
export async function withSecret<T>(
  sources: { readonly prompts: Prompts | undefined; readonly input: AsyncIterable<Uint8Array> },
  question: string,
  use: (value: Uint8Array) => Promise<T>,
): Promise<T> {
  using secret = sources.prompts === undefined ? await readSecretFrom(sources.input) : await sources.prompts.secret(question)
  return await use(secret.reveal())
}
