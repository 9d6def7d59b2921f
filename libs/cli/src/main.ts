import { readConfig, startStandalone } from '../../../services/standalone/src/index.ts'
const s = await startStandalone(readConfig([], process.env))
console.log(JSON.stringify({ ...s.addresses, home: s.home, key: s.firstKey }))
process.on('SIGTERM', async () => { await s.stop(); process.exit(0) })
