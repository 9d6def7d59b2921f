import type { IncomingHttpHeaders } from 'node:http'
import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import { CodedError } from '@credence/errors'
import type { Clock } from '@credence/service'
import type { Dispatcher } from 'undici'
import { AnswerBody, type AnswerSource } from './answer-body.ts'
import { answerHeaders } from './answer-headers.ts'
import type { Expiring } from './deadlines.ts'
import { aborted, closed, failureOf, late, tooLarge, withSent } from './failure.ts'
import type { Departure } from './guarded-socket.ts'
import type { OutboundRequest, OutboundResponse } from './outbound.ts'
import type { SwappedSecret } from './placeholder.ts'
import { requestBody } from './request-body.ts'

/** `waiting` for a connection · `sending` the body · `sent`, awaiting the head · `answering` · `ended`. */
type Stage = 'waiting' | 'sending' | 'sent' | 'answering' | 'ended'

/** What was waited for. */
const LATE_CAUSES: Readonly<Record<Stage, string>> = {
  waiting: 'connect',
  sending: 'idle',
  sent: 'headers',
  answering: 'idle',
  ended: 'idle',
}

const HEADERS_TIMEOUT_MS = 60_000
const IDLE_TIMEOUT_MS = 60_000

export interface FlightOptions {
  readonly request: OutboundRequest
  readonly clock: Clock
  /** Called when the call waits for something else than before, so that it may be due earlier. */
  readonly onStage: () => void
  /** Called once, when the call is over in every respect. */
  readonly onEnd: () => void
}

/**
 * One call from its dispatch to the end of its answer.
 * F1 `sent` is 'yes' from the moment the socket is given the first byte of the head, and never before.
 * F2 Whoever ends it first (peer, clock, signal, reader) decides the error; what follows is ignored.
 * F3 However it ends, its connection is free or destroyed: no pool slot is kept.
 */
export class Flight implements Dispatcher.DispatchHandler, Departure, Expiring, AnswerSource {
  readonly answer: Promise<OutboundResponse>
  /** What the dispatcher sends as the body. */
  readonly body: Uint8Array | Readable | null
  /** Names the call in its head on the way to the socket; empty once the head has been taken there. */
  mark = ''
  readonly #options: FlightOptions
  readonly #startedAt: number
  readonly #settle: { resolve: (response: OutboundResponse) => void; reject: (error: unknown) => void }
  #stage: Stage = 'waiting'
  #sent = false
  #movedAt: number
  #bodySent = false
  #bytesIn = 0
  #failure: unknown
  #socket: Socket | undefined
  #controller: Dispatcher.DispatchController | undefined
  #body: AnswerBody | undefined

  constructor(options: FlightOptions) {
    const { promise, resolve, reject } = Promise.withResolvers<OutboundResponse>()
    this.answer = promise
    this.#settle = { resolve, reject }
    this.#options = options
    this.body = requestBody(options.request.body, () => this.#moved())
    this.#startedAt = options.clock.monotonicMs()
    this.#movedAt = this.#startedAt
    options.request.signal?.addEventListener('abort', this.abort, { once: true })
  }

  get secrets(): readonly SwappedSecret[] {
    return this.#options.request.secrets ?? []
  }

  get finished(): boolean {
    return this.#stage === 'ended'
  }

  /** The caller's signal: its reason is the error where it is one of ours. */
  readonly abort = (): void => {
    const reason: unknown = this.#options.request.signal?.reason
    this.#stop(reason instanceof CodedError ? withSent(reason, this.#sent) : aborted(this.#sent))
  }

  /** The service is stopping. */
  close(): void {
    this.#stop(withSent(closed(), this.#sent))
  }

  /** The reader of the answer has gone. */
  abandon(): void {
    // Also called when a body closes that came whole: no error is made for it.
    if (!this.finished) this.#stop(aborted(this.#sent))
  }

  depart(socket: Socket): void {
    if (this.finished) throw this.#failure
    this.#socket = socket
    try {
      this.#options.request.beforeWrite?.()
    } catch (error) {
      this.#end(error)
      throw error
    }
  }

  departed(): void {
    this.#sent = true
    this.#enter(this.#bodySent ? 'sent' : 'sending')
  }

  refused(error: unknown): void {
    this.#end(failureOf(error, this.#sent))
  }

  dueAt(): number {
    const { deadlineMs, headersTimeoutMs = HEADERS_TIMEOUT_MS, idleTimeoutMs = IDLE_TIMEOUT_MS } = this.#options.request
    const limit = this.#stage === 'waiting' || this.#stage === 'sent' ? headersTimeoutMs : idleTimeoutMs
    return Math.min(this.#startedAt + (deadlineMs ?? Number.POSITIVE_INFINITY), this.#movedAt + limit)
  }

  expire(): void {
    this.#stop(late(this.#sent, LATE_CAUSES[this.#stage]))
  }

  resume(): void {
    this.#controller?.resume()
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // Thrown, not aborted: an abort would destroy the idle connection that was about to be used.
    if (this.finished) throw this.#failure
    this.#controller = controller
  }

  onRequestSent(): void {
    this.#bodySent = true
    if (this.#stage === 'sending') this.#enter('sent')
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    // 1xx (RFC 9110 §15.2) says that the answer is still to come.
    if (status < 200 || this.finished) return
    this.#enter('answering')
    this.#body = new AnswerBody(this)
    // A body that fails after its reader has gone must not end the process.
    this.#body.on('error', () => undefined)
    this.#settle.resolve({
      status,
      headers: answerHeaders(headers),
      body: this.#body,
      remoteAddress: this.#socket?.remoteAddress ?? '',
    })
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.finished) return
    this.#moved()
    this.#bytesIn += chunk.length
    if (this.#bytesIn > (this.#options.request.maxResponseBytes ?? Number.POSITIVE_INFINITY)) this.#stop(tooLarge())
    else if (this.#body?.push(chunk) === false) controller.pause()
  }

  onResponseEnd(): void {
    this.#close()
    this.#body?.push(null)
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (!this.finished) this.#end(failureOf(error, this.#sent))
  }

  #enter(stage: Stage): void {
    this.#stage = stage
    this.#moved()
    this.#options.onStage()
  }

  #moved(): void {
    this.#movedAt = this.#options.clock.monotonicMs()
  }

  /** Ends the call from our side: the connection is destroyed if the call is on one. */
  #stop(error: unknown): void {
    if (this.finished) return
    this.#end(error)
    this.#controller?.abort(new CodedError('INTERNAL'))
  }

  #end(error: unknown): void {
    if (this.finished) return
    this.#failure = error
    this.#close()
    this.#settle.reject(error)
    this.#body?.destroy(error as Error)
    if (this.body instanceof Readable) this.body.destroy()
  }

  #close(): void {
    this.#stage = 'ended'
    this.#options.request.signal?.removeEventListener('abort', this.abort)
    this.#options.onEnd()
  }
}
