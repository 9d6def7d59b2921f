/** The services, by the name in their certificate: `spiffe://credence/<name>`. */
export const SERVICE_NAMES = ['registry', 'vault', 'token-refresher', 'verifier', 'gateway'] as const
export type ServiceName = (typeof SERVICE_NAMES)[number]

/** Who may call a method: a service by name, or `caller`: anybody with a key, on the caller listener. */
export type Peer = ServiceName | 'caller'

const of = (service: string, methods: Record<string, readonly Peer[]>): [string, readonly Peer[]][] =>
  Object.entries(methods).map(([method, peers]) => [`/${service}/${method}`, peers])

const people: readonly Peer[] = ['caller', 'gateway']

/**
 * Deny by default: a method that is not here is refused to everybody, and a test holds this table equal to the proto.
 * `gateway` and `registry` act for callers, so theirs is the principal metadata that is believed.
 */
export const ALLOW: ReadonlyMap<string, readonly Peer[]> = new Map([
  ...of('credence.registry.v1.RegistryService', {
    CreateProvider: people,
    UpdateProvider: people,
    GetProvider: [...people, 'verifier'],
    ListProviders: people,
    DeleteProvider: people,
    PutClient: ['gateway'],
    GetClient: people,
    CreateCapability: people,
    UpdateCapability: people,
    GetCapability: people,
    ListCapabilities: people,
    DeleteCapability: people,
    GetClaim: ['gateway'],
    Reserve: ['gateway'],
    Connect: ['gateway'],
    Get: [...people, 'verifier'],
    List: people,
    Relabel: people,
    Share: people,
    Unshare: people,
    Transfer: people,
    Disable: people,
    Enable: people,
    Delete: people,
    MarkExpired: ['token-refresher'],
    ReportHealth: ['token-refresher', 'verifier', 'vault'],
    ReportUse: ['vault'],
    PrepareMint: ['gateway'],
    FinishMint: ['gateway'],
    Resolve: people,
    BindConsumer: people,
    AttachChannel: people,
    DetachChannel: people,
    UnbindConsumer: people,
    ListConsumers: people,
    ListHistory: people,
    ReportConnect: ['gateway'],
    CreateKey: people,
    RotateKey: people,
    RevokeKey: people,
    ListKeys: people,
    Authenticate: ['gateway'],
    GetProject: people,
    UpdateProject: people,
  }),
  ...of('credence.registry.v1.SetupService', {
    StartSetups: people,
    GetSetup: people,
    ListSetups: people,
    ReviseSetup: people,
    AcceptSetup: people,
    CancelSetup: people,
    ReportSetup: ['gateway'],
  }),
  ...of('credence.vault.v1.VaultService', {
    Seal: ['gateway'],
    Promote: ['registry'],
    Destroy: ['registry', 'gateway'],
    PutRecipe: ['registry'],
    RegisterClient: ['gateway'],
    SetAccess: ['registry'],
    SetCapability: ['registry'],
    SetClaim: ['registry'],
    SetCaller: ['registry'],
    BeginGrant: ['gateway'],
    CompleteGrant: ['gateway'],
    ChooseAssets: ['gateway'],
    PollGrant: ['gateway'],
    RegisterAtServer: ['gateway'],
    Refresh: ['token-refresher', 'registry'],
    Revoke: ['registry'],
    Probe: ['verifier'],
    Send: ['caller'],
    Check: ['caller'],
    Sign: ['gateway'],
    ListSigningKeys: ['gateway'],
    RotateKeys: ['gateway'],
    ListTokens: ['token-refresher'],
    ListUses: ['registry'],
  }),
  ...of('credence.refresher.v1.TokenRefresherService', {
    GiveUp: ['verifier', 'registry'],
    GetPlan: ['registry', 'gateway'],
    PauseClient: ['gateway'],
    ResumeClient: ['gateway'],
  }),
  ...of('credence.verifier.v1.VerifierService', {
    Verify: ['gateway', 'token-refresher', 'registry'],
    Research: ['registry'],
  }),
  ...of('credence.gateway.v1.GatewayService', {
    CreateSession: ['caller'],
    StartDevice: ['caller'],
    AddMcpProvider: ['caller'],
    GetSession: ['caller'],
    WaitSession: ['caller'],
    CancelSession: ['caller'],
    CompleteSession: ['caller'],
    MintToken: ['caller'],
    TailEvents: ['caller'],
  }),
])
