import type { AuthPattern, PayloadRefresh, ProviderPayload, RefreshClass } from './payload.ts'
import type { RecipeRefresh } from './recipe.ts'
import { hasOAuth, signsIn } from './signs-in.ts'

const DAY_MS = 86_400_000

/**
 * How the provider treats what a renewal sends. Without a word of the payload a refresh token is taken for spent by its use
 * (`strict`). A token in force that is exchanged goes on working beside the new one, and fields can be exchanged any number of
 * times: both are `static`.
 */
export function refreshFor(pattern: AuthPattern, payload: ProviderPayload): RecipeRefresh {
  if (!hasOAuth(pattern)) return { class: 'static' }
  const declared = pattern.refresh ?? payload.refresh
  if (signsIn(pattern)) return refreshOf(declared, pattern.native_config?.exchange === undefined ? 'strict' : 'static')
  const { graceMs: _grace, idleMs: _idle, ...kept } = refreshOf(declared, 'static')
  return { ...kept, class: 'static' }
}

function refreshOf(refresh: PayloadRefresh | undefined, otherwise: RefreshClass): RecipeRefresh {
  if (refresh === undefined) return { class: otherwise }
  return {
    class: refresh.class,
    ...(refresh.grace_seconds === undefined ? {} : { graceMs: refresh.grace_seconds * 1000 }),
    ...(refresh.idle_days === undefined ? {} : { idleMs: refresh.idle_days * DAY_MS }),
    ...(refresh.lifetime_days === undefined ? {} : { lifetimeMs: refresh.lifetime_days * DAY_MS }),
    ...(refresh.budget === undefined ? {} : { budget: { requests: refresh.budget.requests, windowMs: refresh.budget.seconds * 1000 } }),
    ...(refresh.permanent_errors === undefined ? {} : { permanentErrors: refresh.permanent_errors }),
  }
}
