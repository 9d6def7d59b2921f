import { test } from 'vitest'
import { Platform } from './platform.ts'
test('x', async () => {
  const platform = await Platform.start()
  console.log('started')
  const p = platform.connect({ version: 5 })
  await new Promise((r) => setTimeout(r, 1500))
  console.log(platform.logLines.join(''), platform.fake.listed)
  await p
  console.log(await platform.plan([...platform.fake.held.values()][0]!))
  await platform.toDue([...platform.fake.held.values()][0]!)
}, 4000)
