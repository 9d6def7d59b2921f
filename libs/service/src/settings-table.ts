import { envName, flagName, type SettingsSpec } from './settings.ts'

/** The table of a README: one row per setting, sorted by name. A test keeps the README equal to it. */
export function settingsTable(spec: SettingsSpec): string {
  const rows = Object.values(spec)
    .map(
      (setting) => `| \`${envName(setting)}\` | \`${flagName(setting)}\` | ${setting.kind} | ${shownDefault(setting)} | ${setting.doc} |`,
    )
    .sort()
  return ['| setting | flag | kind | default | meaning |', '|---|---|---|---|---|', ...rows].join('\n')
}

function shownDefault(setting: SettingsSpec[string]): string {
  if (setting.default === undefined || setting.secret === true) return ''
  const value = setting.default
  const text = typeof value === 'object' ? value.join(',') : String(value)
  return text === '' ? '' : `\`${text}\``
}
