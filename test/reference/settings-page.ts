import { main as gateway } from '@credence/gateway/main'
import { main as registry } from '@credence/registry/main'
import { type SettingsSpec, settingsTable } from '@credence/service'
import { STANDALONE_SETTINGS } from '@credence/standalone'
import { main as tokenRefresher } from '@credence/token-refresher/main'
import { main as vault } from '@credence/vault/main'
import { main as verifier } from '@credence/verifier/main'

const HEAD = `# Settings

Every setting of the platform. [Operating](operating.md) says which of them matter first.

A setting is a flag, a variable, or a line of the file that \`--config\` names, by the name of its flag; the first of these that says something
wins. Every fault of a start is told at once. A duration is in milliseconds, or \`5s\`, \`2m\`, \`1h\`; a secret may be \`{file: /path}\` in the file.

`

const SERVICES: Readonly<Record<string, SettingsSpec>> = {
  registry: registry.settings,
  vault: vault.settings,
  'token-refresher': tokenRefresher.settings,
  verifier: verifier.settings,
  gateway: gateway.settings,
}

/** `docs/settings.md`, from what each process reads at its start. */
export function settingsPage(): string {
  const services = Object.entries(SERVICES).map(([name, settings]) => `## \`credence serve ${name}\`\n\n${settingsTable(settings)}\n`)
  return `${HEAD}## \`credence dev\`, the embedded profile\n\n${settingsTable(STANDALONE_SETTINGS)}\n\n${services.join('\n')}`
}
