import { fileURLToPath } from 'node:url'
import { scanMemory, seededRandom, startProcess } from '@credence/testkit'
import { expect, test } from 'vitest'
import { closeBox } from '../src/credential/aead.ts'

const MAIN = fileURLToPath(new URL('./open-boxes-main.ts', import.meta.url))
const random = seededRandom(1)

// The memory of another process is read from Linux's /proc.
test.runIf(process.platform === 'linux').for([40, 200, 512, 900, 4096])(
  '[S2-17] a box of %d bytes leaves no copy when it is wiped',
  async (size) => {
    const plain = Buffer.from(random.bytes(size))
    const [key, nonce] = [random.bytes(32), random.bytes(12)]
    const box = closeBox(plain, { key, aad: Buffer.alloc(0) }, nonce)
    await using child = await startProcess([MAIN, Buffer.from(key).toString('hex'), Buffer.from(box).toString('hex')])
    // From the middle: of what was freed the beginning is overwritten.
    const found = scanMemory(child.pid, { secret: plain.subarray(size / 2 - 8, size / 2 + 8), box: Buffer.from(box).subarray(-16) })
    expect(found.secret).toBe(0)
    // The scan finds what is there.
    expect(found.box).toBeGreaterThan(0)
  },
)
