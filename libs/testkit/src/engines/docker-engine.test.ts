import { createServer, type RequestListener } from 'node:http'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { tempHome } from '../process/temp-home.ts'
import { containers } from './container.ts'
import { dockerAnswers } from './docker-engine.ts'

/** Something that listens where an engine would. */
async function listening(answer: RequestListener): Promise<string> {
  const home = tempHome()
  const socket = join(home.path, 'docker.sock')
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(socket, resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
    home.remove()
  })
  return socket
}

const engine = (status: number): Promise<string> =>
  listening((request, response) => response.writeHead(request.url === '/_ping' ? status : 404).end('OK'))

test('an engine is there when it answers a ping, wherever it listens', async () => {
  const socket = await engine(200)
  expect(await dockerAnswers({ env: {}, sockets: ['/nowhere/docker.sock', socket] })).toBe(true)
  expect(await dockerAnswers({ env: { DOCKER_HOST: `unix://${socket}` } })).toBe(true)
})

test('one that was named is asked alone', async () => {
  const [well, ill] = [await engine(200), await engine(500)]
  expect(await dockerAnswers({ env: { DOCKER_HOST: `unix://${ill}` }, sockets: [well] })).toBe(false)
})

test.each(['unix:///nowhere/docker.sock', 'tcp://127.0.0.1:1', 'ssh'])('there is none at %s, which is known at once', async (host) => {
  expect(await dockerAnswers({ env: { DOCKER_HOST: host } })).toBe(false)
})

test('one that takes the question and never answers is none', async () => {
  const socket = await listening(() => undefined)
  expect(await dockerAnswers({ env: {}, sockets: [socket], answerMs: 50 })).toBe(false)
})

test('without an engine nothing is loaded or pulled', async () => {
  expect(await containers('mongo:8.0', async () => false)).toBeUndefined()
})
