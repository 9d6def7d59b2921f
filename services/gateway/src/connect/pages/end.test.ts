import { describe, expect, test } from 'vitest'
import { renderElsewhere, renderEnd, renderFailed, renderMessage, renderWaiting } from './index.ts'
import { opened, tagsOf, wordsOf } from './test/read-page.ts'
import { ends, failed, frame, question, waiting } from './test/sample-views.ts'

const dataOf = (page: string): ReadonlyMap<string, string> => opened(page, 'body')[0]?.attributes ?? new Map()

describe('end pages', () => {
  test('[B-8] the code page shows six digits in two groups, whole to copy and single to hear', () => {
    const tags = tagsOf(renderEnd(ends.code))
    const at = tags.findIndex(({ attributes }) => attributes.get('id') === 'digits')
    const output = tags[at]?.attributes
    expect([output?.get('data-code'), output?.get('aria-label')]).toEqual(['048213', '0 4 8 2 1 3'])
    expect([tags[at + 1]?.text, tags[at + 3]?.text]).toEqual(['048', '213'])
  })

  test('[B-8] before the confirmation nothing is called connected, and there is a way out', () => {
    for (const view of [ends.host, ends.code]) {
      const page = renderEnd(view)
      expect(wordsOf(page)).toMatch(/Nothing is connected before/)
      expect(page).toContain(`action="${frame.cancelAction}"`)
    }
  })

  test('[B-8] somebody who was sent the link by another is told not to pass the code on', () => {
    expect(wordsOf(renderEnd(ends.code))).toContain('Did somebody else send you the link')
  })

  test('[B-8] the host page leads on by a link, which the script follows only there', () => {
    const link = opened(renderEnd(ends.host), 'a').find(({ attributes }) => attributes.get('id') === 'continue')
    expect(link?.attributes.get('href')).toBe('/connect/link/continue')
    expect(link?.attributes.has('data-onward')).toBe(true)
    expect(renderEnd(ends.done)).not.toContain('data-onward')
  })

  test('a finished connection names the account, and leaves nothing to cancel', () => {
    const page = renderEnd(ends.done)
    expect(wordsOf(page)).toContain('Asana is connected')
    expect(wordsOf(page)).toContain('maria@acme.example')
    expect(page).not.toContain(frame.cancelAction)
  })

  test('what was kept without a check does not look checked', () => {
    const words = wordsOf(renderEnd({ ...ends.done, unverified: true }))
    expect(words).toContain('Not checked yet')
    expect(words).not.toMatch(/\bChecked\b/)
  })
})

describe('windows of one session', () => {
  test('[S2-7] a page that waits follows the state until it is another', () => {
    expect(dataOf(renderWaiting(waiting)).get('data-stays')).toBe('at_provider')
    expect(dataOf(renderWaiting({ ...waiting, phase: 'checking' })).get('data-stays')).toBe('checking')
    expect(dataOf(renderEnd(ends.code)).get('data-stays')).toBe('unconfirmed')
    expect(dataOf(renderEnd(ends.done)).has('data-stays')).toBe(false)
  })

  test('[S2-7] somebody who closed the pop-up finds a link to start again', () => {
    expect(opened(renderWaiting(waiting), 'a').map(({ attributes }) => attributes.get('href'))).toContain(waiting.againUrl)
  })

  test('[S2-7] the last page of a pop-up can hand over to the window that waits', () => {
    for (const page of [renderEnd(ends.host), renderFailed(failed), renderMessage(question)]) {
      expect(dataOf(page).get('data-arrived')).toBe('yes')
      expect(wordsOf(page)).toContain('Go on in the other window')
    }
  })

  test('[S2-7] without scripts the page that checks looks again by itself', () => {
    expect(renderWaiting({ ...waiting, phase: 'checking' })).toMatch(/<noscript><meta http-equiv="refresh" content="\d+"><\/noscript>/)
  })
})

describe('pages without a way on', () => {
  test('[B-8] another browser learns nothing of the session and can do nothing', () => {
    const page = renderElsewhere({ title: 'Nothing happens here', sentence: 'This link was opened in another browser first.' })
    for (const name of ['form', 'input', 'button', 'a']) expect(opened(page, name)).toEqual([])
    expect(page).not.toMatch(/data-session|session\.js/)
  })

  test('a failure keeps its code for support, a cancelled one needs none', () => {
    expect(wordsOf(renderFailed(failed))).toMatch(/For support:\s+GRANT_DENIED/)
    expect(wordsOf(renderFailed({ ...failed, code: 'cancelled' }))).not.toContain('For support')
  })

  test('the offer to keep it unverified is a button of its own, first, and posts the answer', () => {
    const labels = opened(renderMessage({ ...question, actions: [...question.actions].reverse() }), 'button').map(({ text }) => text)
    expect(labels).toEqual(['Keep it unverified', 'Try again'])
    expect(renderMessage(question)).toContain('name="answer" value="yes"')
  })
})
