import { parentPort, workerData } from 'node:worker_threads'
import { reportOf } from './fault.ts'
import { DONE, type Outcome, type Reply, type Request, type WriterOptions } from './protocol.ts'
import { WriteSession } from './write-session.ts'

/**
 * The thread that writes: a commit blocks it (0.1 ms, or for ever on a sick disk) and not the proxy. It answers each
 * request before it takes the next. A failure that is not the file's ends it; its owner then rejects what was pending.
 */
function run(options: WriterOptions): void {
  const port = parentPort
  if (!port) throw new TypeError('writer-thread.ts runs as a worker thread')
  let session: WriteSession | undefined
  const opened = replyTo(() => {
    session = new WriteSession(options)
    return [DONE]
  })
  port.on('message', (request: Request) => {
    const serving = session
    if (serving) port.postMessage(replyTo(() => serving.answer(request)))
    if (request.kind === 'close') port.close()
  })
  port.postMessage(opened)
  if (!session) port.close()
}

/** A fault of the file is an answer; anything else is thrown on and ends the thread. */
function replyTo(work: () => readonly Outcome[]): Reply {
  try {
    return { kind: 'outcomes', outcomes: work() }
  } catch (error) {
    const report = reportOf(error)
    if (!report) throw error
    return { kind: 'fault', ...report }
  }
}

run(workerData as WriterOptions)
