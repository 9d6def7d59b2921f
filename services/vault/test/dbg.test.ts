import { test } from 'vitest'
import { createHash } from 'node:crypto'
import { connected, seedRecipe, sealed } from './connecting.ts'
import { Harness, putKey, codeOf } from './harness.ts'
import { call, startOutside } from './outside.ts'
test('dbg', async () => {
  const outside = await startOutside()
  const harness = await Harness.start({ egress: outside.egress })
  const key = (await putKey(harness)).key
  const id = await connected(harness, { recipe: seedRecipe('bearer'), secret: { token: 'tok-1234567890' } })
  const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7) % 256))
  for (let i = 0; i < 5; i++) {
    await call(harness.vault, id, '/up', { key, method: 'PUT', body: bytes })
    await call(harness.vault, id, '/up', { key, method: 'PUT', body: new Blob([bytes]).stream() })
  }
  console.log(createHash('sha256').update(bytes).digest('hex'), outside.api.requests.map((r) => [r.bodyBytes, r.bodySha256.slice(0, 8), r.headers['content-length'], r.headers['transfer-encoding']]))
  for (const r of outside.api.requests) { const a = r.body; let at = -1; for (let i=0;i<a.length;i++) if (a[i]!==bytes[i]) { at=i; break }; console.log(at) }
  for (const domain of ['evil.com/path?x=', 'a@b.example', 'x.example:8443', '169.254.169.254', '[::1]', 'localhost'])
    console.log(domain, await codeOf(sealed(harness, { recipe: seedRecipe('freshdesk'), plain: { domain }, secret: { username: 'fd-key-123456' } })))
  await harness.stop(); await outside.close()
})
