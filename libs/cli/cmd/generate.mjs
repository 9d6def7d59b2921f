// Makes proto/gen from proto/credence: TypeScript by ts-proto, and the descriptor set of all protos, which reflection serves.
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const cwd = fileURLToPath(new URL('../../../proto/', import.meta.url))
execFileSync('buf', ['generate', '--path', 'credence'], { cwd, stdio: 'inherit' })
execFileSync('buf', ['build', '-o', 'gen/descriptors.binpb'], { cwd, stdio: 'inherit' })
