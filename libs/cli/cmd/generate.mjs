// Makes proto/gen from proto/**/*.proto: TypeScript by ts-proto, and the descriptor set that reflection serves.
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const cwd = fileURLToPath(new URL('../../../proto/', import.meta.url))
execFileSync('buf', ['generate'], { cwd, stdio: 'inherit' })
execFileSync('buf', ['build', '-o', 'gen/descriptors.binpb'], { cwd, stdio: 'inherit' })
