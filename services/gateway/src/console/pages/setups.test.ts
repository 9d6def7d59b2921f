import { describe, expect, test } from 'vitest'
import { inputNamed, opened, wordsOf } from '../../connect/pages/test/read-page.ts'
import type { SetupView } from '../setup-views.ts'
import { renderNewSetups, renderSetup, renderSetups } from './index.ts'
import { batch, blank, list, refused, row, STAGES } from './test/sample-setups.ts'

const stage = (name: string): SetupView => {
  const view = STAGES[name]
  if (view === undefined) throw new TypeError(`no stage ${name}`)
  return view
}
const pageOf = (name: string): string => renderSetup(stage(name))
const live = (page: string): ReadonlyMap<string, string> | undefined =>
  opened(page, 'div').find(({ attributes }) => attributes.get('id') === 'live')?.attributes
const actionsOf = (page: string): (string | undefined)[] => opened(page, 'form').map(({ attributes }) => attributes.get('action'))

describe('one setup', () => {
  test.each([
    ['reading', 'Research', 'work'],
    ['without a site', 'Research', 'rest'],
    ['guided', 'Steps', 'rest'],
    ['connect', 'Connect', 'rest'],
    ['checking', 'Check', 'work'],
    ['done', 'Done', 'end'],
  ])('%s: says which step it is at, and looks again as long as something can change', (name, word, pace) => {
    const page = pageOf(name)
    const at = page.indexOf('aria-current="step"')
    expect(wordsOf(`<li ${page.slice(at, page.indexOf('</li>', at))}`)).toContain(word)
    expect(live(page)?.get('data-pace')).toBe(pace)
  })

  test('[S2-12] [S2-13] while it is to be accepted shows steps with the place to click, facts with their page and how sure they are', () => {
    const page = pageOf('guided')
    const words = wordsOf(page)
    for (const part of [
      'Go to Settings → Developers → API tokens.',
      'Calls go to',
      'Sure',
      'Likely',
      'A guess',
      'You can go on without it',
    ])
      expect(words).toContain(part)
    const links = opened(page, 'a').filter(({ attributes }) => attributes.get('target') === '_blank')
    expect(links.map(({ attributes }) => attributes.get('href'))).toContain('https://docs.acornmail.example/guides/authentication')
    expect(actionsOf(page)).toContain('/console/setups/set_a/accept')
    expect(inputNamed(page, 'pattern').attributes.has('checked')).toBe(true)
  })

  test('[S2-12] a member of the project is told to ask, and has no button for what only an administrator may do', () => {
    const page = pageOf('of a member')
    expect(actionsOf(page)).not.toContain('/console/setups/set_a/accept')
    expect(wordsOf(page)).toContain('an administrator has to save it')
    expect(opened(page, 'textarea')).toEqual([])
  })

  test('[S2-12] of OAuth parts the steps of the administrator from those of the person', () => {
    const words = wordsOf(pageOf('of OAuth'))
    expect(words).toMatch(/by an administrator[\s\S]*Create an application[\s\S]*whoever connects[\s\S]*Sign in to Acorn Mail/)
    expect(words).toContain('https://connect.example/oauth/callback/ocl_a')
    expect(actionsOf(pageOf('without a client'))).not.toContain('/console/setups/set_a/connect')
  })

  test.each([
    ['refused', 'The key was not accepted', 'notice bad'],
    ['down', 'The service did not answer', 'notice warn'],
  ])('[S2-15] %s: says the cause in words, and leads back to connect', (name, words, look) => {
    const page = pageOf(name)
    expect(wordsOf(page)).toContain(words)
    expect(page).toContain(look)
    expect(actionsOf(page)).toContain('/console/setups/set_a/connect')
    expect(wordsOf(page)).toContain('Secrets are asked for again; none was kept.')
  })

  test('[S2-15] promises nothing of what a session that ended took with it', () => {
    const view = stage('refused')
    expect(wordsOf(renderSetup({ ...view, setup: { ...view.setup, cause: 'timed_out' } }))).not.toContain('still filled in')
  })

  test('[S2-14] no step has an input for a secret', () => {
    for (const name of Object.keys(STAGES)) {
      const page = pageOf(name)
      for (const { attributes } of opened(page, 'input')) expect(['hidden', 'text', 'radio']).toContain(attributes.get('type'))
    }
  })

  test('somebody else’s can be looked at, and not connected', () => {
    expect(actionsOf(pageOf('of somebody else'))).not.toContain('/console/setups/set_a/connect')
    expect(wordsOf(pageOf('done for somebody else'))).toContain('belongs to somebody else')
  })

  test('done shows the credential, and whether it was checked', () => {
    expect(wordsOf(pageOf('done'))).toMatch(/ann@wire\.example[\s\S]*Checked/)
    expect(wordsOf(pageOf('done unchecked'))).toContain('Not checked yet')
  })
})

describe('the list', () => {
  test('[S2-16] shows each with a state of its own, and how far all of them are', () => {
    const words = wordsOf(renderSetups(batch))
    for (const state of ['Reading', 'Needs an answer', 'Steps to do', 'Refused', 'Being checked', 'Connected', 'Cancelled'])
      expect(words).toContain(state)
    expect(words).toContain('1 of 7 connected · 2 at work · 3 wait for you · 1 cancelled')
  })

  test('a change of any of them is a change of the page, and one that rests is not asked for often', () => {
    const stampOf = (setups: typeof list.setups): string | undefined => live(renderSetups({ ...list, setups }))?.get('data-stamp')
    expect(stampOf([row])).not.toBe(stampOf([{ ...row, stamp: 'set_a connect' }]))
    expect(live(renderSetups({ ...list, setups: [row] }))?.get('data-pace')).toBe('rest')
  })
})

describe('the form to start', () => {
  test('says beside the field what is wrong, and keeps what may be kept', () => {
    const page = renderNewSetups(refused)
    const [area] = opened(page, 'textarea')
    expect([area?.attributes.get('aria-invalid'), area?.attributes.get('aria-describedby')]).toEqual([
      'true',
      'services-hint services-wrong',
    ])
    expect(area?.text.trim()).toBe('Freshdesk\nacornmail.example')
    expect(opened(page, 'title')[0]?.text).toMatch(/^Error: /)
  })

  test('“for everybody” is offered to those alone who may', () => {
    expect(renderNewSetups(blank)).not.toContain('name="shared"')
    expect(inputNamed(renderNewSetups(refused), 'shared').attributes.has('checked')).toBe(true)
  })
})
