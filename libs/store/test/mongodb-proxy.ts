import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { BSON } from 'mongodb'

/** Stands between the driver and the server, on loopback: counts what goes through, and cuts where it is told to. */
export interface MongodbProxy extends AsyncDisposable {
  readonly url: string
  /** The commands that the driver sent, without their documents. */
  readonly commands: readonly BSON.Document[]
  /** Forwards the next message that holds these bytes, and cuts the connection where its answer would come. */
  cutAnswerTo(bytes: string): void
  /** Cuts the connection instead of forwarding the next message that holds these bytes. */
  cutBefore(bytes: string): void
  /** Cuts the connection where every n-th answer would come; 0 ends it. */
  cutEvery(answers: number): void
  /** How many connections were cut. */
  readonly cuts: number
}

interface Behaviour {
  answer: string | undefined
  before: string | undefined
  every: number
}

const HEADER = 16
const OP_REPLY = 1
const OP_MSG = 2013
/** Flags, cursor, start and count stand before the document of an OP_REPLY. */
const REPLY_HEAD = HEADER + 20

/** `replicaSet`: what the server says of itself is changed to that of a primary (the driver must be told directConnection). */
export async function startProxy(serverUrl: string, options: { readonly replicaSet?: boolean } = {}): Promise<MongodbProxy> {
  const target = new URL(serverUrl.replace('mongodb:', 'http:'))
  const proxy = new CuttingProxy(Number(target.port), options.replicaSet ?? false)
  await proxy.listen()
  return proxy
}

class CuttingProxy implements MongodbProxy {
  readonly commands: BSON.Document[] = []
  readonly #target: number
  readonly #replicaSet: boolean
  readonly #behaviour: Behaviour = { answer: undefined, before: undefined, every: 0 }
  readonly #sockets = new Set<Socket>()
  readonly #server: Server
  #answers = 0
  #cuts = 0

  constructor(target: number, replicaSet: boolean) {
    this.#target = target
    this.#replicaSet = replicaSet
    this.#server = createServer((socket) => this.#join(socket))
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
  }

  get url(): string {
    return `mongodb://127.0.0.1:${(this.#server.address() as AddressInfo).port}/?directConnection=true`
  }

  get cuts(): number {
    return this.#cuts
  }

  cutAnswerTo(bytes: string): void {
    this.#behaviour.answer = bytes
  }

  cutBefore(bytes: string): void {
    this.#behaviour.before = bytes
  }

  cutEvery(answers: number): void {
    this.#behaviour.every = answers
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #join(client: Socket): void {
    const server = connect(this.#target, '127.0.0.1')
    let doomed = false
    const cut = (): void => {
      this.#cuts += 1
      client.destroy()
      server.destroy()
    }
    eachMessage(client, (message) => {
      this.#note(message)
      if (this.#takes('before', message)) return cut()
      doomed ||= this.#takes('answer', message)
      server.write(message)
    })
    eachMessage(server, (message) => {
      if (doomed || this.#isTurn(message)) return cut()
      client.write(this.#replicaSet ? asPrimary(message) : message)
    })
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(socket)
      socket.on('error', () => other.destroy())
      socket.on('close', () => {
        this.#sockets.delete(socket)
        other.destroy()
      })
    }
  }

  #note(message: Buffer): void {
    if (opcode(message) !== OP_MSG) return
    const length = message.readInt32LE(HEADER + 5)
    this.commands.push(BSON.deserialize(message.subarray(HEADER + 5, HEADER + 5 + length)))
  }

  #takes(where: 'answer' | 'before', message: Buffer): boolean {
    const bytes = this.#behaviour[where]
    if (bytes === undefined || !message.includes(bytes)) return false
    this.#behaviour[where] = undefined
    return true
  }

  #isTurn(message: Buffer): boolean {
    if (opcode(message) !== OP_MSG || this.#behaviour.every === 0) return false
    this.#answers += 1
    return this.#answers % this.#behaviour.every === 0
  }
}

/** The stream as the messages it is made of (MongoDB wire protocol: the first four bytes are the length). */
function eachMessage(socket: Socket, take: (message: Buffer) => void): void {
  let rest: Buffer = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk])
    while (rest.length >= 4 && rest.length >= rest.readInt32LE(0)) {
      const length = rest.readInt32LE(0)
      const message = rest.subarray(0, length)
      rest = rest.subarray(length)
      take(message)
    }
  })
}

function opcode(message: Buffer): number {
  return message.readInt32LE(12)
}

/** The answer to the driver's handshake, as the primary of a replica set gives it. */
function asPrimary(message: Buffer): Buffer {
  const at = opcode(message) === OP_REPLY ? REPLY_HEAD : HEADER + 5
  const answer = BSON.deserialize(message.subarray(at, at + message.readInt32LE(at)))
  if (!('ismaster' in answer)) return message
  const changed = BSON.serialize({ ...answer, setName: 'rs', hosts: ['127.0.0.1:1'], setVersion: 1, logicalSessionTimeoutMinutes: 30 })
  const whole = Buffer.concat([message.subarray(0, at), changed])
  whole.writeInt32LE(whole.length, 0)
  return whole
}
