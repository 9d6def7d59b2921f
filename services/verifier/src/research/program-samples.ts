/** A text in quotes, or a variable: group 1 or 2. */
const ARGUMENT = String.raw`(?:f?["'\`]([^"'\`\n]{0,200})["'\`]|([A-Za-z_$][\w.$]{0,60}))`

/** `auth=("key", "")`, `HTTPBasicAuth(user, password)`, `auth: { username: "key", password: "X" }`. */
const PAIRS: readonly RegExp[] = [
  new RegExp(
    String.raw`(?:\bauth\s?=\s?|HTTPBasicAuth|\.basic_?auth|\.SetBasicAuth)\(\s{0,9}${ARGUMENT}\s{0,9},\s{0,9}${ARGUMENT}\s{0,9}\)`,
    'i',
  ),
  new RegExp(
    String.raw`\bauth["']?\s?[:=]\s?\{\s{0,20}["']?username["']?\s?:\s?${ARGUMENT}\s{0,9},\s{0,20}["']?password["']?\s?:\s?${ARGUMENT}`,
    'i',
  ),
]

/** The halves of a basic sign-in as programs give them; a variable becomes a place, `<name>`. */
export function pairOfProgram(text: string): { readonly left: string; readonly right: string } | undefined {
  for (const pattern of PAIRS) {
    const [found, l1, l2, r1, r2] = pattern.exec(text) ?? []
    if (found !== undefined) return { left: shownAs(l1, l2), right: shownAs(r1, r2) }
  }
  return undefined
}

/** `new AuthenticationHeaderValue("Bearer", token)` of .NET. */
const HEADER_VALUE = new RegExp(String.raw`AuthenticationHeaderValue\(\s?"([A-Za-z][\w-]{0,30})"\s?,\s?${ARGUMENT}`)

/** The value of the header Authorization where a program gives it in two parts. */
export function authorizationOfProgram(text: string): string | undefined {
  const [, word, quoted, variable] = HEADER_VALUE.exec(text) ?? []
  return word === undefined ? undefined : `${word} ${shownAs(quoted, variable)}`
}

/** `params={…}` and `new URLSearchParams({…})`: the braces hold no others. */
const PARAMETERS = /(?:\b(?:params|query)["']?\s?[:=]\s?|URLSearchParams\(\s?)\{([^{}]{1,1000})\}/i
const PARAMETER = new RegExp(String.raw`["']?\b([A-Za-z_][\w-]{0,40})["']?\s?:\s?${ARGUMENT}`, 'g')
/** `curl -G -d name=value`: what is data elsewhere is the query here. */
const GET_WITH_DATA = /(?:^|\s)(?:-G|--get)(?=\s)/m
const DATA = /(?:^|\s)(?:-d|--data(?:-urlencode|-raw)?)[ =]+["']?([A-Za-z_][\w-]{0,40}=[^"'\s]{1,200})/g

/** What a program puts behind the `?`, as it would stand there. */
export function parametersOfProgram(text: string): { readonly query: string; readonly isGet: boolean } {
  if (GET_WITH_DATA.test(text)) return { query: [...text.matchAll(DATA)].map(([, pair = '']) => pair).join('&'), isGet: true }
  const inside = PARAMETERS.exec(text)?.[1] ?? ''
  const pairs = [...inside.matchAll(PARAMETER)].map(([, name = '', quoted, variable]) => `${name}=${shownAs(quoted, variable)}`)
  return { query: pairs.join('&'), isGet: false }
}

const HTTPIE = /^[ \t$>]*(?:https?|xh)[ \t]+(?:-\S+[ \t]+|GET[ \t]+)?\S*[./:]/im
const ITEM =
  /[ \t](?:"([A-Za-z][\w-]{1,60}):([^"\n]{1,200})"|'([A-Za-z][\w-]{1,60}):([^'\n]{1,200})'|([A-Za-z][\w-]{1,60}):(?!\/\/)["']?([^\s"']{1,200}))/g

/** The headers of `http GET host/path X-Key:value`, where no blank stands behind the colon. */
export function httpieHeaders(text: string): readonly (readonly [string, string])[] {
  if (!HTTPIE.test(text)) return []
  return [...text.matchAll(ITEM)].flatMap(([, n1, v1, n2, v2, n3, v3]) => {
    const name = n1 ?? n2 ?? n3 ?? ''
    return /-|^authorization$/i.test(name) ? [[name, v1 ?? v2 ?? v3 ?? ''] as const] : []
  })
}

function shownAs(quoted: string | undefined, variable: string | undefined): string {
  return quoted ?? `<${variable ?? ''}>`
}
