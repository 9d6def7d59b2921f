import { parentPort, workerData } from 'node:worker_threads'
import type { Reply, Request, WriterOptions } from '../src/sqlite/protocol.ts'
import { WriteSession } from '../src/sqlite/write-session.ts'

/** A writer thread that dies between the commit of its first group and the answer to it. */
const session = new WriteSession(workerData as WriterOptions)

parentPort?.on('message', (request: Request) => {
  const reply: Reply = { kind: 'outcomes', outcomes: session.answer(request) }
  // In a worker thread this ends the thread only.
  if (request.kind === 'group') process.exit(1)
  parentPort?.postMessage(reply)
})
