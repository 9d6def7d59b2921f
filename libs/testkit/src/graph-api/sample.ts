import type { GraphApp, GraphPerson } from './world.ts'

const SCOPES = [
  'whatsapp_business_management',
  'whatsapp_business_messaging',
  'pages_show_list',
  'pages_messaging',
  'pages_manage_metadata',
  'instagram_basic',
  'instagram_manage_messages',
  'business_management',
  'public_profile',
]

/** An app with one configuration of each kind of token. */
export function sampleApp(): GraphApp {
  return {
    appId: '1450000000000017',
    appSecret: '5f0c0ffee5f0c0ffee5f0c0ffee5f0c0',
    name: 'Credence test app',
    redirectUris: [],
    configs: { '900100': { tokenType: 'user', scopes: SCOPES }, '900200': { tokenType: 'system_user', scopes: SCOPES } },
  }
}

/** Two people: one with two numbers and two Pages, one with one of each. */
export const SAMPLE_PEOPLE: readonly GraphPerson[] = [
  {
    id: '10222270944537964',
    name: 'Mara Velt',
    whatsappAccounts: [
      {
        id: '102289599326934',
        numbers: [
          { id: '106540352242922', display: '+49 30 5550 100', verifiedName: 'Velt Florist' },
          { id: '106540352242923', display: '+49 30 5550 101', verifiedName: 'Velt Weddings' },
        ],
      },
    ],
    pages: [
      { id: '204000000000011', name: 'Velt Florist', instagram: { id: '17841400000000011', username: 'veltflorist' } },
      { id: '204000000000012', name: 'Velt Weddings' },
    ],
  },
  {
    id: '10222270944537965',
    name: 'Iver Holm',
    whatsappAccounts: [
      { id: '102289599326935', numbers: [{ id: '106540352242930', display: '+45 33 55 50 10', verifiedName: 'Holm Cykler' }] },
    ],
    pages: [{ id: '204000000000020', name: 'Holm Cykler', instagram: { id: '17841400000000020', username: 'holmcykler' } }],
  },
]
