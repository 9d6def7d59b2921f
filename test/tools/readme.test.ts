import { execFile, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { startStandIns, startUpstream, tempHome, type Upstream } from '@credence/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { codeBlocks } from '../support/code-blocks.ts'
import { type Platform, startPlatform } from '../support/platform.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const readme = readFileSync(join(root, 'README.md'), 'utf8')
const blocks = (language: string): string[] =>
  [...readme.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(([, text = '']) => text)
/** Never the synchronous kind: the API that is called lives in this process. */
const run = promisify(execFile)
const TOKEN = 'canary-github-token-77e1'

const home = tempHome()
let platform: Platform
let github: Upstream
let standIns: Awaited<ReturnType<typeof startStandIns>>

beforeAll(async () => {
  github = await startUpstream({ accept: ({ token }) => token === TOKEN })
  standIns = await startStandIns([{ host: 'api.github.com', target: github.server }])
  const env = {
    CREDENCE_EGRESS_RESOLVE: standIns.egressResolve,
    CREDENCE_EGRESS_ALLOW: standIns.egressAllow,
    CREDENCE_EGRESS_CA: standIns.caFile,
  }
  platform = await startPlatform({ home: home.path, env })
}, 120_000)
afterAll(async () => {
  await platform.process.stop()
  await standIns.close()
  await github.close()
  home.remove()
})

/** The lines as printed, but for what a reader fills in himself, and the ports of this run. */
function filledIn(text: string): string {
  return text
    .replace('crd_the_key_that_was_printed', platform.key ?? '')
    .replace('a_GitHub_token_of_yours', TOKEN)
    .replaceAll('http://127.0.0.1:7401', platform.admin)
    .replaceAll('http://127.0.0.1:7402', platform.data)
    .replaceAll('127.0.0.1:7405', platform.api)
}

/** grpcurl from PATH, or from the Go proxy where there is a Go; undefined: it cannot be had. */
function grpcurl(): string | undefined {
  const installed = join(homedir(), 'go', 'bin', 'grpcurl')
  if (spawnSync('grpcurl', ['-version']).status === 0) return 'grpcurl'
  if (!existsSync(installed)) spawnSync('go', ['install', 'github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.3'], { stdio: 'ignore' })
  return existsSync(installed) ? installed : undefined
}

describe('the lines of the README run as printed', () => {
  let exported = ''

  test('[C-5] curl: a provider from the catalogue, a credential, a proxied call', async () => {
    const [curl = ''] = blocks('bash')
    const script = `set -eu\n${filledIn(curl)}\nenv | grep ^CREDENTIAL=`
    const { stdout: output } = await run('bash', ['-c', script])
    exported = /CREDENTIAL=(cred_\w+)/.exec(output)?.[1] ?? ''
    expect(exported, output).toMatch(/^cred_/)
    expect(output).toContain('"path":"/user"')
    expect(output).not.toContain(TOKEN)
  })

  test('[C-5] the SDK: the same call from a program', async () => {
    const [program = ''] = blocks('ts')
    const file = join(root, 'test', 'support', 'readme-program.ts')
    writeFileSync(file, filledIn(program))
    const env = { ...process.env, KEY: platform.key ?? '', CREDENTIAL: exported }
    const [command = ''] = /npx node test\/\S+\.ts/.exec(readme) ?? []
    // A reader may have a file of this name.
    const script = command.replace('test/first-call.ts', 'test/support/readme-program.ts')
    const { stdout } = await run('bash', ['-c', script], { cwd: root, env }).finally(() => rmSync(file))
    expect(stdout).toMatch(/^200 /)
  })

  test('[C-5] grpcurl: the same credential from any language, by reflection', async (context) => {
    const tool = grpcurl()
    if (tool === undefined) {
      if (process.env.CI === 'true') throw new TypeError('grpcurl is not here and cannot be installed: install Go, or put grpcurl on PATH')
      console.warn('SKIPPED: grpcurl is not on PATH and there is no Go to install it')
      return context.skip()
    }
    const [, lines = ''] = blocks('bash')
    const [reference] = codeBlocks(readFileSync(join(root, 'docs', 'grpc.md'), 'utf8')).filter(({ language }) => language === 'bash')
    const script = filledIn(lines).replace(/^grpcurl/gm, tool)
    const { stdout: output } = await run('bash', ['-c', `set -eu\n${script}`], {
      env: { ...process.env, KEY: platform.key ?? '', CREDENTIAL: exported },
    })
    expect(JSON.parse(output)).toMatchObject({ credential: { id: exported, status: 'active' } })
    const listed = await run('bash', ['-c', `set -eu\n${filledIn(reference?.text ?? '').replace(/^grpcurl/gm, tool)}`], {
      env: { ...process.env, KEY: platform.key ?? '' },
    })
    expect(JSON.parse(listed.stdout).credentials).toEqual([expect.objectContaining({ id: exported })])
    const services = await run(tool, ['-plaintext', platform.api, 'list'])
    expect(services.stdout).toContain('credence.registry.v1.RegistryService')
    const health = await run(tool, ['-plaintext', platform.api, 'grpc.health.v1.Health/Check'])
    expect(health.stdout).toContain('SERVING')
  }, 300_000)
})
