import { isCoded } from '@credence/errors'
import type { SendRequest } from '@credence/proto/vault'
import { type GrpcClients, grpcClients } from '@credence/sdk'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
