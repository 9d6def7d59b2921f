import { Tokenizer } from 'htmlparser2'

export interface HtmlHandler {
  open(name: string, attributes: Readonly<Record<string, string>>): void
  close(name: string): void
  text(text: string): void
}

/** More attributes than an element has use for. */
const MAX_ATTRIBUTES = 100

/**
 * Tags and text in the order of the document, with entities decoded, names in lower case and repeated attributes left out.
 * The tokenizer alone is used: a parser keeps a stack, and a page of a hundred thousand open elements would hold up the
 * process for as long as its author likes.
 */
export function readHtml(html: string, handler: HtmlHandler): void {
  let name = ''
  let attribute = ''
  let value = ''
  let attributes: Record<string, string> = {}
  const tokenizer = new Tokenizer(
    {},
    {
      onopentagname(start, end) {
        name = html.slice(start, end).toLowerCase()
        attributes = {}
      },
      onattribname(start, end) {
        attribute = html.slice(start, end).toLowerCase()
        value = ''
      },
      onattribdata(start, end) {
        value += html.slice(start, end)
      },
      onattribentity(codepoint) {
        value += String.fromCodePoint(codepoint)
      },
      onattribend() {
        if (!Object.hasOwn(attributes, attribute) && Object.keys(attributes).length < MAX_ATTRIBUTES) attributes[attribute] = value
      },
      onopentagend: () => handler.open(name, attributes),
      onselfclosingtag: () => handler.open(name, attributes),
      onclosetag: (start, end) => handler.close(html.slice(start, end).trim().toLowerCase()),
      ontext: (start, end) => handler.text(html.slice(start, end)),
      ontextentity: (codepoint) => handler.text(String.fromCodePoint(codepoint)),
      oncdata: () => undefined,
      oncomment: () => undefined,
      ondeclaration: () => undefined,
      onprocessinginstruction: () => undefined,
      onend: () => undefined,
    },
  )
  tokenizer.write(html)
  tokenizer.end()
}
