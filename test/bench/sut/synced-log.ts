import { open } from 'node:fs/promises'

const RECORD = Buffer.alloc(300, 0x61)

/** What a baseline does to be comparable with a durable audit: 300 bytes on the disk, then the answer. */
export async function openSyncedLog(path: string): Promise<{ append(): Promise<void>; close(): Promise<void> }> {
  const file = await open(path, 'a')
  return {
    async append() {
      await file.appendFile(RECORD)
      await file.datasync()
    },
    close: () => file.close(),
  }
}
