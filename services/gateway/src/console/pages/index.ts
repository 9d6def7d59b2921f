/** The console pages: each a pure function from its view to HTML. */
export { renderCredentials } from './credentials.ts'
export { renderNewSetups } from './new-setups.ts'
export { renderSetup } from './setup.ts'
export { renderSetups } from './setups.ts'
export { renderSignIn } from './sign-in.ts'
