const FACTORS: Readonly<Record<string, number>> = { '': 1, k: 1_000, M: 1_000_000 }

/** `1k,10k,1M` as numbers, the least first: the others are compared with it. Throws TypeError for anything else, and for one size alone. */
export function sizesIn(text: string): readonly number[] {
  const sizes = text.split(',').map((word) => {
    const [, digits, factor = ''] = /^([1-9]\d*)([kM]?)$/.exec(word) ?? []
    if (digits === undefined) throw new TypeError(`a size is a number such as 500, 10k or 1M, not ${word}`)
    return Number(digits) * (FACTORS[factor] ?? Number.NaN)
  })
  const different = [...new Set(sizes)].sort((a, b) => a - b)
  if (different.length < 2) throw new TypeError('at least two sizes are compared')
  return different
}

export function sizeName(size: number): string {
  const [factor, by] = Object.entries(FACTORS).findLast(([, value]) => size >= value && size % value === 0) ?? ['', 1]
  return `${size / by}${factor}`
}
