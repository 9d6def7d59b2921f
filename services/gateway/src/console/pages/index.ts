/** The console pages: each a pure function from its view to HTML. */
export { renderCredentials } from './credentials.ts'
export { renderSignIn } from './sign-in.ts'
