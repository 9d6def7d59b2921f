/**
 * Opens a box again and again, wipes what it gets, says so, and stays for somebody to look into its memory.
 *
 *     node open-boxes-main.ts <key, hex> <box, hex>
 */
import { openLongBox } from '../src/credential/aead.ts'

const [key = '', box = ''] = process.argv.slice(2)
for (let i = 0; i < 300; i++) {
  const plaintext = await openLongBox(Buffer.from(box, 'hex'), { key: Buffer.from(key, 'hex'), aad: Buffer.alloc(0) })
  plaintext.fill(0)
}
console.log(JSON.stringify({ opened: true }))
process.once('SIGTERM', () => process.exit())
setInterval(() => undefined, 60_000)
