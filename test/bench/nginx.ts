import { spawn, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { freePort } from '@credence/testkit'
import type { Bench } from './bench.ts'
import { pin } from './process-stat.ts'
import { type Effort, pause } from './runner.ts'

export interface Nginx {
  readonly pid: number
  readonly port: number
  stop(): Promise<void>
}

/** One nginx process that adds a header to each call and keeps its connections to the API; or why there is none. */
export async function startNginx(bench: Bench, upstreamPort: number): Promise<Nginx | string> {
  if (!isThere(bench.effort)) return 'needs nginx'
  const folder = bench.folder('nginx')
  const port = await freePort()
  const file = join(folder, 'nginx.conf')
  writeFileSync(file, configuration({ folder, port, upstreamPort }))
  const child = spawn('nginx', ['-p', folder, '-c', file], { stdio: 'ignore' })
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  pin(child.pid ?? 0, 'measured')
  while (!(await answers(port))) {
    if (child.exitCode !== null) return 'needs an nginx that starts'
    await pause(20)
  }
  return {
    pid: child.pid ?? 0,
    port,
    async stop() {
      child.kill('SIGTERM')
      await exited
    },
  }
}

/** Debian's, installed where that is allowed: a smoke run changes nothing on the machine. */
function isThere({ quick }: Effort): boolean {
  const works = (): boolean => spawnSync('nginx', ['-v']).error === undefined
  if (works()) return true
  if (quick || process.getuid?.() !== 0) return false
  const apt = (args: readonly string[]): void => void spawnSync('apt-get', [...args], { stdio: 'ignore' })
  apt(['update', '-qq'])
  apt(['install', '-y', '-qq', '--no-install-recommends', 'nginx-light'])
  return works()
}

/** `master_process off`: one process, whose CPU can be read and which can be pinned. */
function configuration(at: { readonly folder: string; readonly port: number; readonly upstreamPort: number }): string {
  return `
daemon off;
master_process off;
pid ${at.folder}/nginx.pid;
error_log ${at.folder}/error.log crit;
events { worker_connections 1024; }
http {
  access_log off;
  keepalive_requests 1000000;
  client_body_temp_path ${at.folder}/body;
  proxy_temp_path ${at.folder}/proxy;
  fastcgi_temp_path ${at.folder}/fastcgi;
  uwsgi_temp_path ${at.folder}/uwsgi;
  scgi_temp_path ${at.folder}/scgi;
  upstream api { server 127.0.0.1:${at.upstreamPort}; keepalive 64; keepalive_requests 1000000; }
  server {
    listen 127.0.0.1:${at.port};
    location / {
      proxy_pass http://api;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Authorization "Bearer ya29.secret-secret-secret-secret-secret";
    }
  }
}
`
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
