/** ITU-T E.164: no country code begins another. One digit: 1 and 7; two: these; all others three. */
const OF_ONE_DIGIT = /^[17]/
const OF_TWO_DIGITS = /^(?:2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58])/
/** Shorter ones are dialled in too many places to stand for one number. */
const LEAST_DIGITS = 6
/** A form of its own: a number without its country never meets one that was written without. */
const WITHOUT_COUNTRY = '~'

/**
 * Forms under which the number of a record is found, its own first. People leave the country out of their own number, so that of an
 * international one is found without it; one that was written without can be of any.
 */
export function phoneRecordForms(form: string): readonly string[] {
  const number = form.startsWith('+') ? withoutCountry(form) : undefined
  return number === undefined ? [form] : [form, WITHOUT_COUNTRY + number]
}

/** Forms that an answer may stand in: as it was said, and as a record of the same number may be written. */
export function phoneAnswerForms(form: string): readonly string[] {
  if (form.startsWith('+')) {
    const number = withoutCountry(form)
    return number === undefined ? [form] : [form, form.slice(1), number, ...trunks(form).map((trunk) => trunk + number)]
  }
  const bare = [form.replace(/^0+/, ''), ...(/^[18]\d{10}$/.test(form) ? [form.slice(1)] : [])]
  const found = bare.filter((number) => number.length >= LEAST_DIGITS).map((number) => WITHOUT_COUNTRY + number)
  return [form, ...found, ...northAmerican(form), ...(form.length > 10 ? [`+${form}`] : [])]
}

/** Without what is dialled before it inside the country; undefined when too little is left. */
function withoutCountry(form: string): string | undefined {
  const digits = form.slice(1)
  const length = OF_ONE_DIGIT.test(digits) ? 1 : OF_TWO_DIGITS.test(digits) ? 2 : 3
  const number = digits.slice(length).replace(/^0+/, '')
  return number.length < LEAST_DIGITS ? undefined : number
}

/** What is dialled first inside a country. */
function trunks(form: string): readonly string[] {
  return form.startsWith('+1') ? ['1'] : form.startsWith('+7') ? ['8'] : ['0']
}

/** Ten digits with and without the 1 before them are one number there. */
function northAmerican(form: string): readonly string[] {
  if (/^1[2-9]\d{9}$/.test(form)) return [form.slice(1)]
  return /^[2-9]\d{9}$/.test(form) ? [`1${form}`] : []
}
