import type { IncomingMessage, Server, ServerResponse } from 'node:http'

/** The next request is answered so, whatever it asks; those after it as ever. */
export function answerNext(server: Server, answer: (response: ServerResponse) => void): void {
  const emit = server.emit.bind(server)
  server.emit = ((event: string, ...rest: unknown[]) => {
    if (event !== 'request') return emit(event, ...rest)
    server.emit = emit
    const [request, response] = rest as [IncomingMessage, ServerResponse]
    request.resume()
    answer(response)
    return true
  }) as typeof server.emit
}
