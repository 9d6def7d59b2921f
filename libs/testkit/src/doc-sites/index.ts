/** Documentation sites of providers that do not exist, good and bad, with the APIs they describe: for research to read. */

export { furtherSites } from './further-sites.ts'
export {
  ATTACKER_HOST,
  closedSite,
  endlessSite,
  framesSite,
  hugeSite,
  injectedSite,
  misleadingSite,
} from './hostile-sites.ts'
export { basicSite, bearerSite, headerSite, openApiSite, querySite } from './key-sites.ts'
export { germanSite, japaneseSite } from './language-sites.ts'
export { discoverySite, oauthDocsSite } from './oauth-sites.ts'
export type { DocSite } from './site.ts'
export { type DocSites, startDocSites } from './start-doc-sites.ts'
