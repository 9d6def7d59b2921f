import type { Draft } from '../draft.ts'
import type { PayloadSign } from './payload-sign.ts'
import { fieldsOfSignTemplate } from './sign-template.ts'

/** The fields that keys are made of: secrets, whatever their names and inputs. */
export function keyFieldsOf(sign: Draft<PayloadSign> | undefined): readonly string[] {
  const { hmac, aws_sigv4: sigV4, jwt, http_message: message } = sign ?? {}
  const keys = [hmac?.key, jwt?.key, message?.key, sigV4?.secret_access_key, sigV4?.session_token]
  return [...new Set(keys.flatMap(fieldsOfSignTemplate))]
}

/** The fields without which nothing can be signed; a session token is there for temporary credentials only. */
export function neededBySign(sign: PayloadSign | undefined): readonly string[] {
  const { aws_sigv4: sigV4 } = sign ?? {}
  const optional = fieldsOfSignTemplate(sigV4?.session_token)
  const named = [sigV4?.region, sigV4?.service, sigV4?.access_key_id].flatMap(fieldsOfSignTemplate)
  return [...keyFieldsOf(sign).filter((name) => !optional.includes(name)), ...named]
}
