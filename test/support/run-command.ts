import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../../libs/cli/src/main.ts', import.meta.url))

/** What a command line prints, run as a process of its own without a terminal; TypeError when it ends with another code than 0. */
export async function runCommand(
  args: readonly string[],
  { env, input }: { readonly env: Readonly<Record<string, string>>; readonly input: string },
): Promise<string> {
  const { PATH = '', HOME = '' } = process.env
  const child = spawn(process.execPath, [MAIN, ...args], { env: { PATH, HOME, ...env }, stdio: 'pipe' })
  const said = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk: Buffer) => {
    said.stdout += chunk
  })
  child.stderr.on('data', (chunk: Buffer) => {
    said.stderr += chunk
  })
  child.stdin.end(input)
  const code = await new Promise((resolve) => child.on('close', resolve))
  if (code !== 0) throw new TypeError(`credence ${args.join(' ')} ended with ${code}: ${said.stderr}`)
  return said.stdout
}
