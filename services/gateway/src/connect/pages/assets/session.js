// Follows the state of the session, so that a window which was left behind moves on by itself.
const { stateUrl, session } = document.body.dataset
let last
async function look() {
  const answer = await fetch(stateUrl, { headers: { accept: 'application/json' }, cache: 'no-store' })
  if (!answer.ok) return
  const state = await answer.json()
  if (last !== undefined && last !== state.state) location.assign(state.url)
  last = state.state
  if (!state.ended) setTimeout(look, 1500)
}
if (stateUrl) {
  new BroadcastChannel(`credence-${session}`).postMessage('here')
  new BroadcastChannel(`credence-${session}`).onmessage = () => look()
  look()
}
