import type { FieldView } from '../views.ts'

/** The questions that a customer answers himself. POST `action` with `csrf`, the fields and, where it is asked for, `consent`. */
export interface IdentityView {
  /** Who asks: the project's name. */
  readonly asks: string
  /** What is to go on: the capability's name. */
  readonly capability: string
  readonly action: string
  readonly csrf: string
  readonly fields: readonly FieldView[]
  readonly attemptsLeft: number
  readonly expiresAt: Date
  readonly consent?: { readonly purpose: string; readonly scopes: readonly string[] }
  /** Why he is asked again, a sentence. */
  readonly problem?: string
}
