/** A promise to a user: its id, as test titles name it, and what it says in one line. */
export type PromiseId = `S${0 | 1 | 2 | 3}-${number}` | `C-${number}` | `B-${number}`

export interface Chapter {
  readonly heading: string
  readonly promises: Readonly<Record<PromiseId, string>>
}

/** Every promise, in the order in which the table prints them. Tests carry the id in brackets at the beginning of their title. */
export const CHAPTERS: readonly Chapter[] = [
  {
    heading: 'Auth types and modes',
    promises: {
      'S0-1': 'Auth type none: the call leaves without a credential header.',
      'S0-2': 'API key in a header or a query parameter that the provider names.',
      'S0-3': 'Bearer token in `Authorization`.',
      'S0-4': 'Basic: user and password in base64.',
      'S0-5': 'OAuth 2: authorization, token and refresh; the caller writes none of it.',
      'S0-6': 'Custom headers: one or several of any name, each secret or plain.',
      'S0-7': 'Mode external OAuth: the customer grants his own account during a conversation.',
      'S0-8': "Mode proxy: the call goes, signed and saying for whom, to the team's own backend.",
      'S0-9': 'Mode full access: one service account for every end user, who stands in the audit.',
      'S0-10': 'Mode custom: declared exchanges of several steps, and declared signing of requests.',
      'S0-11': 'Types and modes are independent; the table of both is data, with a reason for each refused pair.',
      'S0-12': 'Execution history per capability and credential: who, what, when, outcome; never a token.',
      'S0-13': 'Identity verification: a gated capability runs only after the facts match.',
      'S0-14': 'Consent: to what, by whom, when, for which scopes; a withdrawal stops use.',
      'S0-15': 'A capability is a record that the team configures and callers call.',
    },
  },
  {
    heading: 'Bring your own provider',
    promises: {
      'S1-1': 'The documented payloads are accepted and given back byte for byte, connect, and proxy.',
      'S1-2': 'OAUTH, BASIC, BEARER and API_KEY, several in one provider; the user picks one.',
      'S1-3': '`proxy_url` takes fields; the filled host is checked and binds the credential.',
      'S1-4': '`fields` and `account_fields` drive the form; what is secret is sealed and never shown.',
      'S1-5': '`auth_header_key_override` changes the name of the header only.',
      'S1-6': '`auth_field_mutations`: prefix, suffix and default of a value.',
      'S1-7': '`oauth_config`: endpoints, scopes with labels, and scopes that are required.',
      'S1-8': '`proxy_url` and `proxy_enabled` are mandatory; false refuses proxied calls.',
      'S1-9': 'A bad payload is refused with every fault at once, and what to write instead.',
      'S1-10': 'An update makes a new version; live credentials follow it where they safely can.',
      'S1-11': 'A review shows what a payload means and changes, and saves nothing.',
      'S1-12': 'Further members in the same JSON: more types, places, headers, levels; a JSON Schema.',
      'S1-13': 'The OAuth client is registered once by an administrator, and can be rotated.',
    },
  },
  {
    heading: 'The credential',
    promises: {
      'S2-1': 'Parent and encrypted child are separate records of separate services.',
      'S2-2': 'Families basic, bearer, apikey, oauth2 and thirdparty.',
      'S2-3': 'Status active, expired or disabled; a refusal names it and what to do.',
      'S2-4': 'One credential serves many consumers; a user may hold several of one provider.',
      'S2-5': 'After a delete every consumer is told, and gets the same clear error.',
      'S2-6': 'The runtime holds the id of a credential only.',
      'S2-7': 'OAuth in a pop-up: nothing to paste, and it survives closed and blocked windows.',
      'S2-8': 'Refresh in the background, ahead of expiry.',
      'S2-9': 'A refused refresh expires the credential, with a lasting link to reconnect it.',
      'S2-10': 'One native Meta credential for WhatsApp, Instagram and Messenger.',
      'S2-11': 'A number, an account or a Page maps to one agent, also at the same moment.',
      'S2-12': 'AI-Credentials: research of public documentation, guided steps, connect, verify.',
      'S2-13': 'Guided steps in plain language, with the place to click.',
      'S2-14': 'In a setup, connect is the only step that takes a secret, and nothing echoes one.',
      'S2-15': 'Verify makes one safe call; a failure says its cause and leaves nothing half-stored.',
      'S2-16': 'Setups in batches, each item with a state of its own, resumable.',
      'S2-17': 'A call runs in five steps, and nothing that was decrypted outlives it.',
      'S2-18': 'A failed call returns a normal error; a repeat is told and can be switched off.',
      'S2-19': 'Logs, traces, events, queue and metrics hold ids, never a secret.',
      'S2-20': 'Owned by one user, seen by him and by explicit shares; not found for anybody else.',
      'S2-21': 'Keys and grants that end otherwise expire with the same prompt.',
    },
  },
  {
    heading: 'Auto-authentication',
    promises: {
      'S3-1': '`POST /widget/mint-token`: its request and its answer.',
      'S3-2': 'A bad request is refused before anything is stored, with every fault at once.',
      'S3-3': 'Each server is authenticated, already authenticated or failed; the token is minted all the same.',
      'S3-4': 'Servers are found by their names, whatever case; two of one name are ambiguous.',
      'S3-5': 'Only servers of header auth and user level.',
      'S3-6': 'Values are raw; the configured prefix is added, and a doubled one refused.',
      'S3-7': 'Every configured header is needed; no detail repeats a value.',
      'S3-8': '`force` false is idempotent; true is one atomic replacement.',
      'S3-9': 'Administrators mint; the token is bound to user and origins, and holds no credential.',
      'S3-10': 'Connected Services: an embeddable panel of what is connected.',
      'S3-11': '`user_email` is the identity of the user in the project.',
      'S3-12': 'Usable at once: stored and in force everywhere when mint answers.',
      'S3-13': 'Mint changes no provider; credentials follow a changed configuration, or expire.',
    },
  },
  {
    heading: 'The shape',
    promises: {
      'C-1': 'Separate services over gRPC, each started, stopped and scaled alone.',
      'C-2': 'Facts on NATS JetStream; a subscriber that was down reads what it missed.',
      'C-3': 'BullMQ schedules refreshes; Redis may be wiped at any time.',
      'C-4': 'MongoDB and embedded SQLite behind one contract.',
      'C-5': 'Typed clients: `@credence/sdk`, and any language from `proto/`.',
      'C-6': 'One trace from the caller to the token request; metrics and alerts.',
      'C-7': '`deploy/`: image, compose file, Helm chart, dashboards, alerts.',
      'C-8': 'Documentation whose commands run, also for programs; a skill for writing a payload.',
    },
  },
  {
    heading: 'Beyond',
    promises: {
      'B-1': 'Correct refresh: one request per version, no avoidable loss.',
      'B-2': 'Verify for every credential, at connect and on a schedule; says whose the account is.',
      'B-3': 'Host-bound secrets: an agent cannot send them elsewhere.',
      'B-4': 'What the API echoes of a secret is removed from the answer.',
      'B-5': 'Revocation at the provider on delete, with proof.',
      'B-6': 'Durable, replayable events and signed webhooks.',
      'B-7': 'Key rotation online; ciphertext bound to its row; roll-backs noticed.',
      'B-8': 'Session binding: who starts a connect is who ends it.',
      'B-9': 'Where used, last used, last error on every credential.',
      'B-10': 'Importers from other products.',
      'B-11': 'An MCP server over credential ids.',
      'B-12': 'A catalogue of well-known providers as data; lint and test.',
      'B-13': 'Policy and approval per call.',
      'B-14': 'OAuth completeness: PKCE, issuer check, PAR, and further grants.',
      'B-15': 'Everything is in the open edition.',
    },
  },
]

/** Which promises must be tested through the public surface on each profile. */
export const mustStand = (id: string): boolean => !id.startsWith('B-')
