/** How requests are signed, as a recipe says it: what the vault carries out. */
export type { DigestName, JwtAlgorithm, KeyEncoding, MessageAlgorithm } from './payload-sign.ts'
export {
  fieldsOfSign,
  isItems,
  needsBody,
  type RecipeSign,
  type SignClaim,
  type SignHmac,
  type SignHttpMessage,
  type SignJwt,
  type SignKey,
  type SignOutput,
  type SignSigV4,
  type SignTemplate,
  templatesOf,
} from './recipe-sign.ts'
export type { SignPart } from './sign-template.ts'
