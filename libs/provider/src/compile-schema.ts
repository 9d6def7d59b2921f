import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js'

export type { ErrorObject, ValidateFunction }

/** A validator that finds everything at once and tells of each fault which schema refused which value. */
export function compileSchema<T>(schema: object): ValidateFunction<T> {
  return new Ajv2020({ allErrors: true, verbose: true, strict: true, strictTypes: false }).compile<T>(schema)
}
