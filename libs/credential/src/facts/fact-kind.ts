/** How people write the same thing in different ways. */
export const FACT_KINDS = ['text', 'email', 'phone', 'postal_code', 'order_number', 'digits', 'date'] as const
export type FactKind = (typeof FACT_KINDS)[number]

/** By the words of a name: `billing_zip`, `order_number`, `phone`. */
const WORDS: readonly (readonly [FactKind, RegExp])[] = [
  ['email', /(?:^|_)e?_?mail(?:_address)?$/],
  ['phone', /(?:^|_)(?:phone|mobile|telephone|tel|cell)(?:_number)?$/],
  ['postal_code', /(?:^|_)(?:zip|postal|post|plz)(?:_?code)?$/],
  ['order_number', /(?:^|_)(?:order|invoice|booking|ticket|contract|customer|account)_?(?:number|no|id|ref)?$/],
  ['date', /(?:^|_)(?:birth_?date|birthday|date(?:_of_birth)?|dob)$/],
  ['digits', /(?:^|_)(?:last_?(?:4|four)|pin|digits)$/],
]

/** The kind that was declared, or the one that the name of the fact says; else `text`. */
export function kindOfFact(name: string, declared = ''): FactKind {
  const known = FACT_KINDS.find((kind) => kind === declared)
  return known ?? WORDS.find(([, words]) => words.test(name))?.[0] ?? 'text'
}
