export interface RecipeOAuth {
  /** `ocl_…`: the client's registration in this project, not the provider's client id. */
  readonly clientId: string
  /** Empty where the person signs in on another device. */
  readonly authorizeUri: string
  /** The device authorization endpoint (RFC 8628). */
  readonly deviceUri?: string
  readonly tokenUri: string
  /** What the tokens are for (RFC 8707): sent with each request of the grant. */
  readonly resource?: string
  readonly userInfoUri?: string
  readonly issuer?: string
  readonly availableScopes: readonly {
    readonly scope: string
    readonly displayName?: string
    readonly description?: string
    readonly required: boolean
  }[]
  readonly scopeSeparator: string
  /** Default `client_secret_post`, which more providers accept than RFC 6749 §2.3.1 makes them. */
  readonly clientAuth: 'client_secret_basic' | 'client_secret_post' | 'none'
  readonly bodyFormat: 'form' | 'json'
  /** JSON pointers into the token answer. */
  readonly paths: {
    readonly accessToken: string
    readonly refreshToken: string
    readonly expiresIn: string
    /** Default `/refresh_token_expires_in`. */
    readonly refreshTokenExpiresIn?: string
    readonly scope: string
    readonly tokenType: string
  }
  readonly expiresInUnit: 's' | 'ms'
  /** Seconds; used when the answer has no `expires_in`. */
  readonly defaultExpiresIn?: number
  readonly authorizeParams: Readonly<Record<string, string>>
  /** The answer counts only when the value at this pointer is true, whatever its HTTP status. */
  readonly ok?: { readonly path: string }
  /** Error codes that mean what `invalid_grant` means; always has `invalid_grant` itself. */
  readonly invalidGrantCodes: readonly string[]
  /** JSON pointer to the error code; default `/error`. */
  readonly errorPath?: string
  /** The provider's own error codes and the codes of RFC 6749 §5.2 that they mean. */
  readonly errorCodes?: Readonly<Record<string, string>>
  /** There is no refresh token: the token in force is exchanged for a new one, as this parameter of a request of this grant type. */
  readonly exchange?: { readonly grantType: string; readonly parameter: string; readonly parameters?: Readonly<Record<string, string>> }
}
