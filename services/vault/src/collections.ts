import type { CollectionSpec } from '@credence/store'
import { HEAD_COLLECTION } from './audit/anchor.ts'
import { SHIPPED_COLLECTION } from './audit/ship.ts'
import { USE_COLLECTION } from './audit/uses.ts'
import { CALLER_COLLECTION } from './caller/caller.ts'
import { CAPABILITY_COLLECTION, CLAIM_COLLECTION, CONSENT_COLLECTION, PASS_COLLECTION } from './capability/capability.ts'
import { CHILD_COLLECTION, CHILD_INDEXES } from './credential/child.ts'
import { CLIENT_COLLECTION } from './credential/client.ts'
import { RECIPE_COLLECTION } from './credential/recipes.ts'
import { RESTORE_COLLECTION } from './credential/restore.ts'
import { REQUEST_COLLECTION } from './credential/seal.ts'
import { INSTANCE_COLLECTION } from './grant/instances.ts'
import { GRANT_COLLECTION } from './grant/pending-grant.ts'
import { FACT_RECORD_COLLECTION } from './identity/fact-records.ts'
import { INSTALLATION_COLLECTION, KEY_COLLECTION } from './keys/project-keys.ts'
import { SIGNING_KEY_COLLECTION } from './signing/signing-keys.ts'

/** Everything that the vault stores, beside its event log. */
export const COLLECTIONS: readonly CollectionSpec[] = [
  INSTALLATION_COLLECTION,
  KEY_COLLECTION,
  SIGNING_KEY_COLLECTION,
  INSTANCE_COLLECTION,
  RESTORE_COLLECTION,
  HEAD_COLLECTION,
  { name: CHILD_COLLECTION, indexes: CHILD_INDEXES },
  RECIPE_COLLECTION,
  CLIENT_COLLECTION,
  GRANT_COLLECTION,
  REQUEST_COLLECTION,
  CALLER_COLLECTION,
  { name: CAPABILITY_COLLECTION, indexes: [] },
  { name: CLAIM_COLLECTION, indexes: [] },
  { name: PASS_COLLECTION, indexes: [] },
  { name: CONSENT_COLLECTION, indexes: [] },
  FACT_RECORD_COLLECTION,
  USE_COLLECTION,
  SHIPPED_COLLECTION,
]
