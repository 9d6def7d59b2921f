import { callAs, type Principal } from '@credence/rpc'
import type { Clock, Random } from '@credence/service'
import type { Services } from '../services.ts'

export const WIDGET_AUDIENCE = 'credence-widget'
/** `sub` of a token for a visitor whom nobody has named: he sees the services, and connects none. */
export const GUEST = 'guest'

/** Where the widget stands, for the page's own use. */
export interface WidgetContext {
  readonly agent?: string | undefined
  readonly channel?: string | undefined
}

/** The claims of a widget token, all of them (README). None is a credential, and a browser may read them. */
export interface WidgetClaims {
  readonly iss: string
  readonly sub: string
  readonly aud: typeof WIDGET_AUDIENCE
  /** Seconds since the epoch. */
  readonly exp: number
  readonly iat: number
  readonly jti: string
  readonly project: string
  /** Absent for a guest. */
  readonly user?: string
  readonly context?: WidgetContext
  /** Pages that may use it, compared whole with `Origin`. */
  readonly origins: readonly string[]
}

export interface IssueParts {
  readonly services: Pick<Services, 'vault'>
  readonly clock: Clock
  readonly random: Random
  readonly publicUrl: string
}

export interface TokenOrder {
  /** `usr_…`; empty for a guest. */
  readonly user: string
  readonly context?: WidgetContext | undefined
  readonly origins: readonly string[]
}

/** As long as the vault signs for. */
const LIFE_S = 3600
const ID_BYTES = 18

/** A token that the vault signed for the caller's project. The caller needs the scope `mint`. */
export async function issueWidgetToken(
  { services, clock, random, publicUrl }: IssueParts,
  principal: Principal,
  { user, context, origins }: TokenOrder,
): Promise<{ readonly token: string; readonly expiresAt: Date }> {
  const iat = Math.floor(clock.now() / 1000)
  const exp = iat + LIFE_S
  const claims: WidgetClaims = {
    iss: publicUrl,
    sub: user === '' ? GUEST : user,
    aud: WIDGET_AUDIENCE,
    exp,
    iat,
    jti: Buffer.from(random.bytes(ID_BYTES)).toString('base64url'),
    project: principal.project,
    ...(user === '' ? {} : { user }),
    ...(context === undefined || Object.keys(context).length === 0 ? {} : { context }),
    origins,
  }
  const payload = Buffer.from(JSON.stringify(claims))
  const { header, signature } = await services.vault.sign({ purpose: 'widget', claims: payload }, callAs(principal))
  const token = `${header}.${payload.toString('base64url')}.${Buffer.from(signature).toString('base64url')}`
  return { token, expiresAt: new Date(exp * 1000) }
}
