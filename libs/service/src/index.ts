/** What a running service needs around its work: time and chance, settings, log lines and spans from one allow-list, certificates, start and stop. */
export { type Clock, type Random, systemClock, systemRandom } from './clock.ts'
