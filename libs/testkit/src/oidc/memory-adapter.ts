import type { Adapter, AdapterPayload } from 'oidc-provider'

interface Row {
  payload: AdapterPayload
  /** Milliseconds since the epoch; the library checks its own expiries, this only frees memory of the dead. */
  readonly expiresAt: number
}

/** The rows of one provider, by model and id. The library's own adapter is shared by all providers of a process and forgets past 1,000 rows. */
export class OidcRows {
  readonly #models = new Map<string, Map<string, Row>>()
  readonly #tokens: string[] = []

  /** The rows of a model that are still in force. */
  of(model: string): Map<string, Row> {
    const rows = this.#models.get(model) ?? new Map<string, Row>()
    this.#models.set(model, rows)
    return rows
  }

  put(model: string, id: string, row: Row): void {
    // Opaque tokens are stored under their own value.
    if (['AccessToken', 'RefreshToken', 'AuthorizationCode'].includes(model) && !this.of(model).has(id)) this.#tokens.push(id)
    this.of(model).set(id, row)
  }

  /** Removes everything that descends from a consent. */
  dropGrant(grantId: string): void {
    for (const rows of this.#models.values()) {
      for (const [id, { payload }] of rows) if (payload.grantId === grantId) rows.delete(id)
    }
  }

  /** Every code and token ever issued. */
  tokens(): readonly string[] {
    return [...this.#tokens]
  }
}

/** The library's storage port over `OidcRows`. */
export function memoryAdapter(rows: OidcRows, model: string): Adapter {
  const live = (row: Row | undefined): AdapterPayload | undefined =>
    row !== undefined && Date.now() < row.expiresAt ? { ...row.payload } : undefined
  const findBy = async (member: 'uid' | 'userCode', value: string): Promise<AdapterPayload | undefined> =>
    live([...rows.of(model).values()].find(({ payload }) => payload[member] === value))
  return {
    async upsert(id, payload, expiresIn) {
      rows.put(model, id, { payload, expiresAt: expiresIn ? Date.now() + expiresIn * 1000 : Number.POSITIVE_INFINITY })
    },
    find: async (id) => live(rows.of(model).get(id)),
    findByUid: (uid) => findBy('uid', uid),
    findByUserCode: (userCode) => findBy('userCode', userCode),
    async consume(id) {
      const row = rows.of(model).get(id)
      if (row !== undefined) row.payload = { ...row.payload, consumed: Math.floor(Date.now() / 1000) }
    },
    async destroy(id) {
      rows.of(model).delete(id)
    },
    async revokeByGrantId(grantId) {
      for (const [id, { payload }] of rows.of(model)) if (payload.grantId === grantId) rows.of(model).delete(id)
    },
  }
}
