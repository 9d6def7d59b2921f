import { createHash, createSecretKey, type KeyObject } from 'node:crypto'
import { closeSync, existsSync, fsyncSync, linkSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import { CodedError } from '@credence/errors'
import type { Random } from '@credence/service'
import { closeBox, nonceBytes, openBox } from '../credential/aead.ts'
import type { KeyProvider } from './key-provider.ts'

/** `credence-key-1 <64 hex digits>`: one line, readable by its owner only. Lose it and every secret is lost with it. */
const FORMAT = /^credence-key-1 ([0-9a-f]{64})\n?$/
const KEY_BYTES = 32

export interface KeyFileOptions {
  readonly file: string
  readonly random: Random
  /** The id of the key that the store was written with: then a missing file is an error and not a first start. */
  readonly writtenWith?: string | undefined
}

/**
 * Opens the root key of an installation, making it at the first start. Throws INVALID_SETTING when the file is not one,
 * KEY_MISMATCH when it is missing.
 */
export function openKeyFile({ file, random, writtenWith }: KeyFileOptions): KeyProvider {
  if (!existsSync(file)) {
    if (writtenWith !== undefined)
      throw new CodedError('KEY_MISMATCH', `This data was written with key ${writtenWith}, and the key file is missing: put it back.`)
    makeKeyFile(file, random)
  }
  const hex = FORMAT.exec(readFileSync(file, 'latin1'))?.[1]
  if (hex === undefined) {
    throw new CodedError('INVALID_SETTING', 'The key file is not a key of Credence: restore the file of this installation.', {
      faults: [{ pointer: '/CREDENCE_KEY_URI', code: 'not_a_key_file', detail: 'Name the file that the first start made.' }],
    })
  }
  const bytes = Buffer.from(hex, 'hex')
  const provider = keyProvider(createSecretKey(bytes), keyIdOf(bytes), random)
  bytes.fill(0)
  return provider
}

/** The id of the key in a file; undefined where there is none or it cannot be read. */
export function keyIdIn(file: string): string | undefined {
  try {
    const hex = FORMAT.exec(readFileSync(file, 'latin1'))?.[1]
    return hex === undefined ? undefined : keyIdOf(Buffer.from(hex, 'hex'))
  } catch {
    return undefined
  }
}

/** Whole, on the disk, and never over another file: what is sealed under a key that the power took is lost. */
function makeKeyFile(file: string, random: Random): void {
  const folder = dirname(file)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const temporary = `${file}.${Buffer.from(random.bytes(6)).toString('hex')}`
  const handle = openSync(temporary, 'wx', 0o400)
  writeSync(handle, `credence-key-1 ${Buffer.from(random.bytes(KEY_BYTES)).toString('hex')}\n`)
  fsyncSync(handle)
  closeSync(handle)
  linkSync(temporary, file)
  rmSync(temporary)
  const entry = openSync(folder, 'r')
  fsyncSync(entry)
  closeSync(entry)
}

/** The first eight hex digits of a hash under a label of its own: enough to tell two keys apart, nothing to find one by. */
function keyIdOf(key: Uint8Array): string {
  return createHash('sha256').update('credence root key id v1').update(key).digest('hex').slice(0, 8)
}

function keyProvider(key: KeyObject, keyId: string, random: Random): KeyProvider {
  const aad = (context: string): Buffer => Buffer.from(`credence project key v1|${context}`)
  return {
    keyId,
    wrap: async (projectKey, context) => closeBox(projectKey, { key, aad: aad(context) }, random.bytes(nonceBytes)),
    async unwrap(wrapped, context) {
      try {
        return openBox(wrapped, { key, aad: aad(context) })
      } catch {
        throw new CodedError('KEY_MISMATCH', `A project key does not open with root key ${keyId}.`)
      }
    },
  }
}
