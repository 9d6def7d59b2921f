import { ServerInterceptingCall, type ServerInterceptor, ServerListenerBuilder } from '@grpc/grpc-js'
import { PEER_KEY } from './mount.ts'

/** The service that a certificate's alternative names speak of. */
export function spiffeServiceOf(subjectAltName: string): string | undefined {
  return SPIFFE.exec(subjectAltName)?.[1]
}

const SPIFFE = /(?:^|, )URI:spiffe:\/\/credence\/([a-z-]+)(?:,|$)/

/**
 * Writes the service that the client's certificate names into the metadata, after dropping what the client sent under that
 * name. It sits below the handlers because only here is the certificate of a call at hand.
 */
export const peerInterceptor: ServerInterceptor = (_method, call) => {
  const listener = new ServerListenerBuilder()
    .withOnReceiveMetadata((metadata, next) => {
      metadata.remove(PEER_KEY)
      const names = call.getAuthContext().sslPeerCertificate?.subjectaltname
      const service = names === undefined ? undefined : spiffeServiceOf(names)
      if (service !== undefined) metadata.set(PEER_KEY, service)
      next(metadata)
    })
    .build()
  return new ServerInterceptingCall(call, {
    start: (next) => next(listener),
    sendMetadata: (m, next) => next(m),
    sendMessage: (m, next) => next(m),
    sendStatus: (s, next) => next(s),
  })
}
