import { CodedError, type Fault } from '@credence/errors'
import type { Stored } from '@credence/store'
import { type Actor, needScope } from '../caller/actor.ts'
import { replaced } from '../documents/change.ts'
import type { Registry } from '../registry.ts'
import { record } from './history-entry.ts'
import type { Parent } from './parent.ts'
import { findVisible } from './visibility.ts'

const MAX_LABEL = 200
const MAX_TAGS = 32
const MAX_TAG_NAME = 64
const MAX_TAG_VALUE = 256
const MAX_TRIES = 100

/** What people tell credentials apart by. Throws INVALID_REQUEST with every fault at once. */
export function checkLabels(label: string, tags: Readonly<Record<string, string>>): void {
  const faults: Fault[] = []
  const refuse = (pointer: string, detail: string): void => {
    faults.push({ pointer, code: 'INVALID_VALUE', detail })
  }
  if (!isLine(label, MAX_LABEL)) refuse('/label', `Use at most ${MAX_LABEL} characters on one line.`)
  const entries = Object.entries(tags)
  if (entries.length > MAX_TAGS) refuse('/tags', `Use at most ${MAX_TAGS} tags.`)
  const fits = entries.every(([name, value]) => name !== '' && isLine(name, MAX_TAG_NAME) && isLine(value, MAX_TAG_VALUE))
  if (!fits) refuse('/tags', `Use names of 1 to ${MAX_TAG_NAME} and values of at most ${MAX_TAG_VALUE} characters on one line.`)
  if (faults.length > 0) throw new CodedError('INVALID_REQUEST', undefined, { faults })
}

function isLine(text: string, maxLength: number): boolean {
  return text.length <= maxLength && !/[\u0000-\u001f\u007f]/.test(text)
}

/** An empty label keeps the present one; tags are added to the present ones unless `replaceTags` is set. No fact: nobody acts on a name. */
export async function relabel(
  registry: Registry,
  actor: Actor,
  wanted: { readonly id: string; readonly label: string; readonly tags: Readonly<Record<string, string>>; readonly replaceTags: boolean },
): Promise<Stored<Parent>> {
  needScope(actor, 'credentials.write')
  checkLabels(wanted.label, wanted.tags)
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const doc = await findVisible(registry, actor, wanted.id, 'manage', { fresh: true })
    const tags = wanted.replaceTags ? wanted.tags : { ...doc.tags, ...wanted.tags }
    checkLabels('', tags)
    const next = { ...doc, label: wanted.label === '' ? doc.label : wanted.label, tags }
    const written = await replaced(registry.docs.credentials, next, doc)
    if (written === undefined) continue
    await record(registry, written, actor, { action: 'change', outcome: 'relabelled' })
    return written
  }
  throw new CodedError('CONFLICT')
}
