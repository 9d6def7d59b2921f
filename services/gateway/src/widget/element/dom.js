// Elements are made one by one and texts are set as texts: nothing of ours parses HTML, so Trusted Types may be required too.

const SVG = 'http://www.w3.org/2000/svg'

/** An element with attributes (`on…`: listeners; false and undefined: left out) and children. */
export function el(tag, attributes = {}, ...children) {
  const made = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) made.addEventListener(name.slice(2), value)
    else if (value !== undefined && value !== false) made.setAttribute(name, value === true ? '' : value)
  }
  made.append(...children.filter((child) => child !== undefined && child !== ''))
  return made
}

/** Line drawings of 20 × 20, each beside words that say the same. */
const PATHS = {
  check: 'M4.5 10.5l3.5 3.5 7.5-8',
  warn: 'M10 3.2l7.3 13H2.7zM10 8.2v3.6m0 2.2v.2',
  pause: 'M7.2 5v10M12.8 5v10',
  clock: 'M10 3a7 7 0 1 0 0 14 7 7 0 1 0 0-14M10 6v4.3l2.8 1.7',
  info: 'M10 3a7 7 0 1 0 0 14 7 7 0 1 0 0-14M10 9.2v4M10 6.6v.2',
  leave: 'M8.5 4.5h-4v11h11v-4M11.5 4.5h4v4M15.5 4.5l-6.5 6.5',
  share:
    'M7.5 9.2a2.6 2.6 0 1 0 0-5.2 2.6 2.6 0 0 0 0 5.2M2.8 15.6c.4-2.6 2.3-4 4.7-4s4.3 1.4 4.7 4M13 4.3a2.6 2.6 0 0 1 0 4.7M14.6 11.9c1.5.6 2.4 1.9 2.6 3.7',
}

export function icon(name) {
  const svg = document.createElementNS(SVG, 'svg')
  const drawn = { viewBox: '0 0 20 20', class: 'icon', 'aria-hidden': 'true', focusable: 'false' }
  for (const [key, value] of Object.entries(drawn)) svg.setAttribute(key, value)
  const path = document.createElementNS(SVG, 'path')
  path.setAttribute('d', PATHS[name])
  svg.append(path)
  return svg
}

const TONES = 10

/** A name as one coloured letter, in the colour that the connect pages give it. */
export function monogram(name) {
  let hash = 0x811c9dc5
  for (const char of name.trim().toLowerCase()) hash = Math.imul(hash ^ char.codePointAt(0), 0x01000193)
  const [first = '•'] = /[\p{L}\p{N}]/u.exec(name) ?? []
  return el('span', { class: `monogram tone-${(hash >>> 0) % TONES}`, 'aria-hidden': 'true' }, first.toLocaleUpperCase('en'))
}
