import { isCoded } from '@credence/errors'
import type { Collection, CollectionSpec, Doc, DocumentStore } from '@credence/store'

/**
 * `gateway_addresses`: what the lasting address of a credential must know before anybody has said who he is. Written before
 * the credential is connected; whoever it names is checked again by the registry at each use.
 */
export interface Address extends Doc {
  readonly project: string
  /** The owner when it was last connected. */
  readonly user: string
  readonly providerId: string
}

export interface Addresses {
  get(credentialId: string): Promise<Address | undefined>
  remember(address: Omit<Address, 'v'>): Promise<void>
}

export const ADDRESS_COLLECTION: CollectionSpec = { name: 'gateway_addresses', indexes: [] }

export async function openAddresses(store: DocumentStore): Promise<Addresses> {
  const addresses: Collection<Address> = await store.collection<Address>(ADDRESS_COLLECTION)
  return {
    get: (credentialId) => addresses.get(credentialId),
    async remember(address) {
      const known = await addresses.get(address.id, { fresh: true })
      if (known?.user === address.user && known.providerId === address.providerId) return
      const doc = { ...address, v: 1 }
      const write = known === undefined ? addresses.insert(doc) : addresses.replace(doc, known.rev)
      await write.catch((error: unknown) => {
        // Somebody else wrote it in the meantime, for the same credential.
        if (!isCoded(error, 'CONFLICT') && !isCoded(error, 'ALREADY_EXISTS')) throw error
      })
    },
  }
}
