import { type DocSite, docPage, pagesAt, sample } from './site.ts'

/** German documentation. */
export function germanSite(): DocSite {
  const nav = { Startseite: '/', Entwickler: '/entwickler', Authentifizierung: '/entwickler/authentifizierung' }
  return {
    hosts: {
      'mahagonirechnung.example': pagesAt({
        '/': docPage('Mahagoni Rechnung', '<h1>Rechnungen schreiben</h1>', nav),
        '/entwickler': docPage(
          'Für Entwickler – Mahagoni Rechnung',
          '<h1>Schnittstelle</h1><p>Basis-URL: https://api.mahagonirechnung.example/v1</p>',
          nav,
        ),
        '/entwickler/authentifizierung': docPage(
          'Authentifizierung – Mahagoni Rechnung',
          `<h1>Authentifizierung</h1><p>Öffnen Sie Einstellungen → Schnittstellen → API-Schlüssel und klicken Sie auf „Neuen Schlüssel erstellen“.</p>
           ${sample('curl https://api.mahagonirechnung.example/v1/konto -H "X-Mahagoni-Schluessel: IHR_SCHLUESSEL"')}
           ${sample('curl https://api.mahagonirechnung.example/v1/profile -H "X-API-Key: IHR_API_KEY"')}`,
          nav,
        ),
      }),
    },
  }
}

/** Japanese documentation: only the samples can be read by rules. */
export function japaneseSite(): DocSite {
  const nav = { ホーム: '/', ドキュメント: '/docs', 認証: '/docs/auth' }
  return {
    hosts: {
      'nikkoboards.example': pagesAt({
        '/': docPage('ニッコーボード', '<h1>ボード</h1>', nav),
        '/docs': docPage('APIドキュメント', '<h1>API</h1>', nav),
        '/docs/auth': docPage(
          '認証',
          `<h1>認証</h1><p>APIキーは 設定 → 開発者 → APIキー で作成できます。</p>
           ${sample('curl https://api.nikkoboards.example/v1/users/me -H "Authorization: Bearer <APIキー>"')}`,
          nav,
        ),
      }),
    },
  }
}
