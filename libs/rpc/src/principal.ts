import { Principal as PrincipalMessage } from '@credence/proto/credential'

/** Who asks: decided once at the border, then handed down. */
export interface Principal {
  readonly project: string
  /** `key_…`, `usr_…` or `service:<name>`. */
  readonly subject: string
  readonly user: string
  readonly userNames: readonly string[]
  readonly roles: readonly string[]
  readonly scopes: readonly string[]
  readonly via: string
}

/** Metadata key of a forwarded principal; `-bin` makes gRPC carry it as bytes. */
export const PRINCIPAL_KEY = 'credence-principal-bin'

/** A background order of a service. Its project is that of the credential it names; empty where it names none. */
export function servicePrincipal(service: string, project: string = ''): Principal {
  return { project, subject: `service:${service}`, user: '', userNames: [], roles: [], scopes: [], via: 'service' }
}

export function encodePrincipal(principal: Principal): Uint8Array {
  return PrincipalMessage.encode(
    PrincipalMessage.fromPartial({
      ...principal,
      userNames: [...principal.userNames],
      roles: [...principal.roles],
      scopes: [...principal.scopes],
    }),
  ).finish()
}

export function decodePrincipal(bytes: Uint8Array): Principal {
  const { project, subject, user, userNames, roles, scopes, via } = PrincipalMessage.decode(bytes)
  return { project, subject, user, userNames, roles, scopes, via }
}
