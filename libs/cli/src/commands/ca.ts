import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { CodedError } from '@credence/errors'
import type { Command } from 'commander'
import { type Act, flag, several } from '../cli.ts'
import { SERVICES } from '../services.ts'

interface InitOptions {
  readonly out: string
  readonly host?: readonly string[]
  readonly days: string
}

/** `credence ca init`: an authority with a certificate per service, for development and for installations without one of their own. */
export function addCa(program: Command, act: Act): void {
  const ca = program.command('ca').description('certificates of services')
  const init = ca
    .command('init')
    .description('make an authority and a certificate for each service; again: new certificates of the same authority')
    .addOption(flag('--out <folder>', 'where they are written').default('./tls'))
    .addOption(several('--host <name>', 'a name of the hosts, beside localhost'))
    .addOption(flag('--days <count>', 'how long the certificates are good for').default('365'))
  act<InitOptions>(init, async (cli, _args, { out, host = [], days }) => {
    const count = Number(days)
    if (!Number.isInteger(count) || count < 1 || count > 3650) throw new CodedError('INVALID_SETTING', 'Give --days from 1 to 3650.')
    const { createAuthority, systemClock, systemRandom } = await import('@credence/service')
    const folder = resolve(out)
    const isNew = !existsSync(join(folder, 'ca.pem'))
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const authority = createAuthority({ random: systemRandom, clock: systemClock, name: 'Credence services', folder })
    writeFileSync(join(folder, 'ca.crt'), authority.certificatePem, { mode: 0o644 })
    const rows = SERVICES.map((service) => {
      const uris = [`spiffe://credence/${service}`]
      const dnsNames = ['localhost', service, ...host]
      const subject = { commonName: service, dnsNames, ipAddresses: ['127.0.0.1', '::1'], uris, days: count, client: true, server: true }
      const { certPem, keyPem } = authority.issue(subject)
      const [certificate, key] = [join(folder, `${service}.crt`), join(folder, `${service}.key`)]
      writeFileSync(key, keyPem, { mode: 0o600 })
      writeFileSync(certificate, certPem, { mode: 0o644 })
      return { service, certificate, key }
    })
    const columns = (['service', 'certificate', 'key'] as const).map((title) => ({ title, of: (it: (typeof rows)[number]) => it[title] }))
    cli.printer.list(rows, columns, '')
    cli.terminal.err(
      `${isNew ? 'A new authority' : 'The authority'} is ${join(folder, 'ca.pem')}: keep it like a key. Services take ${join(folder, 'ca.crt')}.`,
    )
  })
}
