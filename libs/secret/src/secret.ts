import { inspect } from 'node:util'
import { wipe } from './wipe.ts'

/**
 * Bytes that must not be seen: however it is printed, it prints "[secret]". Only `reveal` gives them up, and `reveal`
 * is called in four places: the vault, the gateway's intake, the socket swap of egress, and the prompts of the CLI.
 */
export class Secret {
  readonly #bytes: Uint8Array

  /** Takes ownership of `bytes`: the caller must not keep or change them. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** Copies the UTF-8 form of a string. The string itself cannot be wiped: use it only for values that were strings already. */
  static fromString(text: string): Secret {
    return new Secret(Buffer.from(text, 'utf8'))
  }

  get byteLength(): number {
    return this.#bytes.byteLength
  }

  /** The bytes themselves, not a copy: wiping them wipes the secret. */
  reveal(): Uint8Array {
    return this.#bytes
  }

  wipe(): void {
    wipe(this.#bytes)
  }

  [Symbol.dispose](): void {
    this.wipe()
  }

  toString(): string {
    return '[secret]'
  }

  toJSON(): string {
    return '[secret]'
  }

  static {
    // Not written as a method: isolatedDeclarations cannot name a symbol that is not one of the language's own.
    Object.defineProperty(Secret.prototype, inspect.custom, { value: () => '[secret]' })
  }
}
