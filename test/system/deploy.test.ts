import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, readdirSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { main as gateway } from '@credence/gateway/main'
import { main as registry } from '@credence/registry/main'
import { ALLOW, SERVICE_NAMES, type ServiceName } from '@credence/rpc'
import { readSettings, type SettingsSpec } from '@credence/service'
import { tempHome } from '@credence/testkit'
import { main as tokenRefresher } from '@credence/token-refresher/main'
import { main as vault } from '@credence/vault/main'
import { main as verifier } from '@credence/verifier/main'
import { afterAll, describe, expect, test } from 'vitest'

// No YAML parser is among the dependencies: these files are read as text, by the way they are indented.

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const DEPLOY = join(ROOT, 'deploy')
const SETTINGS: Readonly<Record<ServiceName, SettingsSpec>> = {
  registry: registry.settings,
  vault: vault.settings,
  'token-refresher': tokenRefresher.settings,
  verifier: verifier.settings,
  gateway: gateway.settings,
}
const PROBES = 7420
const VARIABLE = /\b(?:CREDENCE|OTEL)_[A-Z_]*[A-Z]\b/g

const home = tempHome()
afterAll(() => home.remove())

const read = (...path: string[]): string => readFileSync(join(DEPLOY, ...path), 'utf8')
const sorted = (values: Iterable<string>): string[] => [...new Set(values)].sort()

function variables(service: ServiceName, which: { readonly required?: true } = {}): string[] {
  const all = Object.values(SETTINGS[service]).filter(({ required }) => which.required === undefined || required === true)
  return all.map(({ env, name }) => env ?? `CREDENCE_${name}`)
}

const KNOWN = new Set(SERVICE_NAMES.flatMap((service) => variables(service)))

/** Port by the name of its setting. Only who has methods for callers opens the listener for them. */
function portsOf(service: ServiceName): Record<string, number> {
  const ports = Object.values(SETTINGS[service]).filter(({ kind }) => kind === 'port')
  const opened = ports.filter(({ name }) => name !== 'API_PORT' || hasCallers(service))
  return Object.fromEntries(opened.map(({ name, default: port }) => [name, Number(port)]))
}

function hasCallers(service: ServiceName): boolean {
  return peersOf(service).has('caller')
}

/** Who may call a method of it, by the allow table. */
function peersOf(service: ServiceName): Set<string> {
  const word = service === 'token-refresher' ? 'refresher' : service
  return new Set([...ALLOW].filter(([method]) => method.startsWith(`/credence.${word}.v1.`)).flatMap(([, peers]) => peers))
}

/** What stands under each key at this depth; comments go. */
function members(text: string, indent: number): Map<string, string> {
  const plain = text.replace(/^\s*#.*\n/gm, '')
  const key = `^ {${indent}}(?=[a-z"])`
  const parts = plain.split(new RegExp(key, 'm')).map((part) => /^([\w.-]+):([\s\S]*)$/.exec(part))
  return new Map(parts.filter((part) => part !== null).map(([, name = '', body = '']) => [name, body]))
}

/** The settings that a service has if neither file is touched: those of compose.yaml and those that secrets.sh makes. */
function composeEnvironment(service: ServiceName): Record<string, string> {
  const sections = members(read('compose.yaml'), 0)
  const block = members(sections.get('services') ?? '', 2).get(service) ?? ''
  const anchors = [...(members(block, 4).get('environment') ?? '').matchAll(/\*([a-z-]+)/g)].map(([, name]) => sections.get(`x-${name}`))
  const lines = [...anchors, block].join('\n').matchAll(/^ +((?:CREDENCE|OTEL)_\w+): (.+)$/gm)
  const shown = [...lines].map(([, name = '', value = '']) => [name, value.replace(/^\$\{\w+:-(.*)\}$/, '$1')] as const)
  const secret = readFileSync(join(secrets(), `${service}.env`), 'utf8')
    .trim()
    .split('\n')
  return Object.fromEntries([...shown, ...secret.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)])])
}

function secrets(): string {
  const folder = join(home.path, 'secrets')
  if (existsSync(folder)) return folder
  copyFileSync(join(DEPLOY, 'compose', 'secrets.sh'), join(home.path, 'secrets.sh'))
  execFileSync('sh', [join(home.path, 'secrets.sh')], { stdio: 'ignore' })
  return folder
}

describe('the image', () => {
  const dockerfile = read('Dockerfile')

  test('has the Node and the pnpm that the project pins', () => {
    const node = /^ {2}node: (\S+)$/m.exec(readFileSync(join(ROOT, 'pnpm-workspace.yaml'), 'utf8'))?.[1]
    const pnpm = /'pnpm@([\d.]+)'/.exec(readFileSync(join(ROOT, 'libs/cli/cmd/setup.mjs'), 'utf8'))?.[1]
    expect(dockerfile).toContain(`ARG NODE_VERSION=${node}\n`)
    expect(dockerfile).toContain(`ARG PNPM_VERSION=${pnpm}\n`)
  })

  test('tells every port that a service listens at, and no other', () => {
    const exposed = /^EXPOSE (.+)$/m.exec(dockerfile)?.[1]?.split(' ') ?? []
    expect(sorted(exposed)).toEqual(sorted(SERVICE_NAMES.flatMap((service) => Object.values(portsOf(service)).map(String))))
    expect(dockerfile).toContain(`http://127.0.0.1:${PROBES}/livez`)
  })

  test('runs as a numeric user, without core dumps and without an inspector', () => {
    expect((dockerfile.match(VARIABLE) ?? []).filter((name) => !KNOWN.has(name))).toEqual([])
    expect(dockerfile.match(/^USER .+$/gm)).toEqual(['USER 10001:10001'])
    expect(read('entrypoint.sh')).toMatch(/^ulimit -c 0$/m)
    expect(read('entrypoint.sh').match(/exec node (\S+)/g)).toEqual(['exec node --disable-sigusr1', 'exec node --disable-sigusr1'])
  })
})

describe('compose.yaml', () => {
  const sections = members(read('compose.yaml'), 0)
  const blocks = members(sections.get('services') ?? '', 2)
  const listOf = (name: string, key: string): string[] =>
    /^\s*\[(.*)\]/.exec(members(blocks.get(name) ?? '', 4).get(key) ?? '')?.[1]?.match(/[\w.:-]+/g) ?? []

  test.each(SERVICE_NAMES)('gives %s every setting that it needs, none that it does not know, each with a value it can read', (service) => {
    const given = composeEnvironment(service)
    expect(Object.keys(given).filter((name) => !variables(service).includes(name))).toEqual([])
    expect(variables(service, { required: true }).filter((name) => given[name] === undefined)).toEqual([])
    const readable = Object.fromEntries(Object.entries(SETTINGS[service]).filter(([, { kind }]) => kind !== 'file'))
    expect(() => readSettings(readable, given)).not.toThrow()
  })

  test('has exactly the five services of the image, each hardened and each with its own files', () => {
    const own = [...blocks].filter(([, block]) => block.includes('command: [serve, '))
    expect(sorted(own.map(([name]) => name))).toEqual(sorted(SERVICE_NAMES))
    for (const [name, block] of own) {
      expect(block).toContain('<<: *service')
      expect(block).toContain(`command: [serve, ${name}]`)
      expect(block).toContain(`{ source: ${name}.env, target: credence.env }`)
      expect(block).toContain(`tls-${name}:/run/credence/tls:ro`)
    }
    const service = sections.get('x-service') ?? ''
    const hardened = sections.get('x-hardened') ?? ''
    expect(service).toContain('<<: *hardened')
    for (const line of ['read_only: true', 'cap_drop: [ALL]', 'no-new-privileges:true', 'core: 0']) expect(hardened).toContain(line)
    expect(Number(/stop_grace_period: (\d+)s/.exec(service)?.[1])).toBeGreaterThanOrEqual(25)
    expect(service).toContain(`http://127.0.0.1:${PROBES}/readyz`)
  })

  test('opens ports to this machine only, and only those for people and callers', () => {
    const opened = [...blocks.keys()].flatMap((name) => listOf(name, 'ports'))
    const wanted = [portsOf('gateway').PUBLIC_PORT, portsOf('gateway').ADMIN_PORT, portsOf('vault').DATA_PORT, portsOf('vault').API_PORT]
    expect(sorted(opened)).toEqual(sorted(wanted.map((port) => `127.0.0.1:${port}:${port}`)))
  })

  test('lets nobody out but the vault, the verifier and the gateway, and nobody to Redis but the refresher', () => {
    const on = (network: string): string[] => sorted([...blocks.keys()].filter((name) => listOf(name, 'networks').includes(network)))
    expect(on('outside')).toEqual(['gateway', 'vault', 'verifier'])
    expect(on('queue')).toEqual(['redis', 'token-refresher'])
    const networks = members(sections.get('networks') ?? '', 2)
    expect([...networks].filter(([, body]) => !body.includes('internal: true')).map(([name]) => name)).toEqual(['outside'])
  })

  test('has engines that lose nothing: a replica set, a JetStream that syncs, a Redis that does not evict', () => {
    expect(blocks.get('mongodb')).toContain('--replSet credence')
    expect(read('compose', 'nats.conf')).toMatch(/^ {2}sync_interval: always$/m)
    expect(blocks.get('redis')).toContain('--appendonly, "yes"')
    expect(blocks.get('redis')).toContain('--maxmemory-policy, noeviction')
  })

  test('mounts every secret that it declares, and secrets.sh makes each of them', () => {
    const declared = [...(sections.get('secrets') ?? '').matchAll(/compose\/secrets\/([\w.-]+) \}/g)].map(([, name = '']) => name)
    expect(sorted(declared)).toEqual(readdirSync(secrets()).sort())
    for (const name of declared) expect(sections.get('services')).toContain(name)
    expect(readFileSync(join(secrets(), 'root.key'), 'utf8')).toMatch(/^credence-key-1 [0-9a-f]{64}\n?$/)
  })
})

describe('the chart', () => {
  const table = members(
    /define "credence.services" -}}\n([\s\S]*?)\{\{- end/.exec(read('chart', 'templates', '_services.tpl'))?.[1] ?? '',
    0,
  )
  const templates = readdirSync(join(DEPLOY, 'chart', 'templates')).map((name) => read('chart', 'templates', name))

  test('covers the five services and names no setting that there is not', () => {
    expect(sorted(table.keys())).toEqual(sorted(SERVICE_NAMES))
    const values = members(members(read('chart', 'values.yaml'), 0).get('services') ?? '', 2)
    expect(sorted(values.keys())).toEqual(sorted(SERVICE_NAMES))
    const used = templates.flatMap((text): string[] => text.match(VARIABLE) ?? [])
    expect(used.length).toBeGreaterThan(10)
    expect(used.filter((name) => !KNOWN.has(name))).toEqual([])
  })

  test.each(SERVICE_NAMES)('opens the ports of %s to those whom the allow table names', (service) => {
    const row = table.get(service) ?? ''
    const { PROBE_PORT, API_PORT, ...own } = portsOf(service)
    expect(PROBE_PORT).toBe(PROBES)
    expect(API_PORT !== undefined).toBe(row.includes('api: true'))
    const ports = row.match(/\b\d{4}\b/g) ?? []
    expect(sorted(ports)).toEqual(sorted(Object.values(own).map(String)))
    const address = Object.values(SETTINGS[service]).find(({ name }) => name === `${/address: (\w+)/.exec(row)?.[1]}_ADDRESS`)
    expect(address?.default).toBe(`${service}:${/grpc: (\d+)/.exec(row)?.[1]}`)
    const callers = /callers: \[(.*)\]/.exec(row)?.[1]?.match(/[\w-]+/g) ?? []
    expect(sorted(callers)).toEqual(sorted(SERVICE_NAMES.filter((name) => name !== service && peersOf(service).has(name))))
    expect(row.includes('outside: true')).toBe(['vault', 'gateway', 'verifier'].includes(service))
  })
})

const helm = [...(process.env.PATH ?? '').split(delimiter), join(homedir(), 'go', 'bin')]
  .map((place) => join(place, 'helm'))
  .find((file) => existsSync(file))
if (helm === undefined)
  console.error('\n*** SKIPPED, no helm here: the chart is not rendered. go install helm.sh/helm/v3/cmd/helm@latest ***\n')

// Not counted as skipped where it is not there: the line above says so.
if (helm !== undefined)
  describe('the rendered chart', () => {
    const chart = join(DEPLOY, 'chart')
    const render = (...args: string[]): string[] => {
      const example = ['--values', join(chart, 'ci', 'example-values.yaml'), '--kube-version', '1.34.0']
      const text = execFileSync(helm, ['template', 'credence', chart, ...example, ...args], { encoding: 'utf8', stdio: 'pipe' })
      return text.split(/^---$/m).filter((doc) => /^kind: /m.test(doc))
    }
    const of = (docs: readonly string[], kind: string, service: ServiceName): string | undefined =>
      docs.find((doc) => doc.includes(`\nkind: ${kind}\n`) && doc.includes(`\n  name: credence-${service}\n`))
    const pods = (docs: readonly string[], service: ServiceName): string =>
      of(docs, service === 'vault' ? 'StatefulSet' : 'Deployment', service) ?? ''

    test.each(SERVICE_NAMES)('runs %s hardened, with every setting that it needs', (service) => {
      const docs = render()
      const workload = pods(docs, service)
      const given: string[] = workload.match(VARIABLE) ?? []
      expect(given.filter((name) => !variables(service).includes(name))).toEqual([])
      expect(variables(service, { required: true }).filter((name) => !given.includes(name))).toEqual([])
      for (const line of ['runAsNonRoot: true', 'runAsUser: 10001', 'readOnlyRootFilesystem: true', 'allowPrivilegeEscalation: false'])
        expect(workload).toContain(line)
      for (const line of ['drop: [ALL]', 'type: RuntimeDefault', 'automountServiceAccountToken: false', 'enableServiceLinks: false'])
        expect(workload).toContain(line)
      expect(Number(/terminationGracePeriodSeconds: (\d+)/.exec(workload)?.[1])).toBeGreaterThanOrEqual(30)
      expect(of(docs, 'PodDisruptionBudget', service)).toContain('maxUnavailable: 1')
      expect(of(docs, 'ServiceAccount', service)).toContain('automountServiceAccountToken: false')
      expect(of(docs, 'Service', service)).toContain('clusterIP: None')
      expect(of(docs, 'HorizontalPodAutoscaler', service) !== undefined).toBe(service !== 'vault')
      const policy = of(docs, 'NetworkPolicy', service)
      expect(policy).toContain('policyTypes: [Ingress, Egress]')
      expect(policy?.includes('port: 443}')).toBe(['vault', 'gateway', 'verifier'].includes(service))
      expect(policy?.includes('port: 6379}')).toBe(service === 'token-refresher')
    })

    test('keeps the volume of a vault, whatever becomes of its pod, its scale and its release', () => {
      const docs = render()
      expect(pods(docs, 'vault')).toContain('persistentVolumeClaimRetentionPolicy: {whenDeleted: Retain, whenScaled: Retain}')
      expect(pods(docs, 'vault')).toContain('volumeClaimTemplates:')
      expect(docs.filter((doc) => doc.includes('scaleTargetRef') && doc.includes('credence-vault'))).toEqual([])
    })

    test('[C-7] has its figures scraped and its alerts loaded only where it is told to', () => {
      const kinds = (docs: readonly string[]): string[] =>
        docs.flatMap((doc) => /^kind: (PodMonitor|PrometheusRule)$/m.exec(doc)?.[1] ?? [])
      expect(kinds(render())).toEqual([])
      const docs = render('--set', 'metrics.podMonitor.enabled=true', '--set', 'metrics.rules.enabled=true')
      expect(kinds(docs).sort()).toEqual(['PodMonitor', 'PrometheusRule'])
      const monitor = docs.find((doc) => doc.includes('kind: PodMonitor'))
      expect(monitor).toMatch(/port: probes, path: \/metrics/)
      expect(pods(docs, 'vault')).toContain(`{name: probes, containerPort: ${PROBES}}`)
      const rules = docs.find((doc) => doc.includes('kind: PrometheusRule')) ?? ''
      const names = (text: string): string[] => [...text.matchAll(/- alert: (\w+)/g)].map(([, name = '']) => name)
      expect(names(rules)).toEqual(names(read('observability', 'alerts.yaml')))
      const prometheus = 'networkPolicy.from.probes[0].namespaceSelector.matchLabels.name=monitoring'
      expect(of(render('--set', prometheus), 'NetworkPolicy', 'vault')).toMatch(
        /name: monitoring\n\s+ports: \[\{protocol: TCP, port: 7420\}\]/,
      )
      expect(of(docs, 'NetworkPolicy', 'vault')).not.toContain(`port: ${PROBES}`)
    })

    test('scales by KEDA where it is told to, and refuses what would lose data or break a session', () => {
      const keda = ['--set', 'services.token-refresher.scaler=keda', '--set', 'services.token-refresher.kedaTriggers[0].type=prometheus']
      const docs = render(...keda)
      expect(of(docs, 'ScaledObject', 'token-refresher')).toContain('- type: prometheus')
      expect(of(docs, 'HorizontalPodAutoscaler', 'token-refresher')).toBeUndefined()
      const refused = ['services.vault.scaler=hpa', 'publicUrl=', 'publicUrl=http://credence.example', 'terminationGracePeriodSeconds=10']
      for (const value of refused) expect(() => render('--set', value)).toThrow(/values don't meet the specifications/)
    })
  })
