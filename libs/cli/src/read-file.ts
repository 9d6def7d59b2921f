import { readFile } from 'node:fs/promises'
import { CodedError } from '@credence/errors'

/**
 * The bytes of a file, or of standard input where it is named `-`: until its end, however slowly they come. Throws
 * INVALID_SETTING, saying what is wrong with the name.
 */
export async function readFileOr(input: AsyncIterable<Uint8Array>, file: string): Promise<Buffer> {
  try {
    if (file !== '-') return await readFile(file)
    const chunks: Uint8Array[] = []
    for await (const chunk of input) chunks.push(chunk)
    return Buffer.concat(chunks)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const detail = code === 'ENOENT' ? `There is no file ${file}.` : `${file} cannot be read (${code}).`
    throw new CodedError('INVALID_SETTING', detail)
  }
}
