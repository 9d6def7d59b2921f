/** The vault: keeps the encrypted child of a credential and makes every outbound call that carries its secret. */
export { checkVaultConfig, LIMIT_SETTINGS, type VaultConfig } from './config.ts'
export { type RunningVault, start, type VaultAdapters } from './service.ts'
