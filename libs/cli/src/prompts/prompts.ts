import { confirm, isCancel, password, spinner, text } from '@clack/prompts'
import { Secret } from '@credence/secret'
import { EXIT, Interrupted } from '../print/failure.ts'

/** Questions to the person at the terminal; they are written to standard error, so that results can be piped on. */
export interface Prompts {
  text(question: string, options?: { readonly hint?: string | undefined; readonly required?: boolean }): Promise<string>
  /** Shows a mask. An empty answer is an empty secret. */
  secret(question: string, options?: { readonly required?: boolean }): Promise<Secret>
  confirm(question: string): Promise<boolean>
  /** Runs while the work does; its last message stays. */
  waiting<T>(message: string, work: (say: (message: string) => void) => Promise<T>): Promise<T>
}

export function terminalPrompts(): Prompts {
  const output = process.stderr
  return {
    async text(message, { hint, required = false } = {}) {
      const options = { message, output, ...(hint === undefined ? {} : { placeholder: hint }), ...(required ? { validate: filled } : {}) }
      return answered<string | undefined>(await text(options)) ?? ''
    },
    async secret(message, { required = true } = {}) {
      const options = { message, output, ...(required ? { validate: filled } : {}) }
      return Secret.fromString(answered<string | undefined>(await password(options)) ?? '')
    },
    confirm: async (message) => answered<boolean>(await confirm({ message, output, initialValue: false })),
    async waiting(message, work) {
      const turning = spinner({ output, onCancel: () => process.exit(EXIT.interrupted) })
      process.once('exit', endInterrupted)
      turning.start(message)
      let last = message
      try {
        const result = await work((next) => {
          last = next
          turning.message(next)
        })
        turning.stop(last)
        return result
      } catch (error) {
        turning.error(last)
        throw error
      } finally {
        process.off('exit', endInterrupted)
      }
    },
  }
}

/** At Ctrl-C the spinner ends the process itself, with 0, which a script would take for done. */
function endInterrupted(): void {
  process.exitCode = EXIT.interrupted
}

function filled(value: string | undefined): string | undefined {
  return value === undefined || value === '' ? 'Fill this in.' : undefined
}

function answered<T>(answer: T | symbol): T {
  if (isCancel(answer)) throw new Interrupted()
  return answer as T
}
