/** Promises that are not wholly built yet, and what is missing. The test fails on an entry that is not needed any more. */
export const ON_THEIR_WAY: Readonly<Record<string, string>> = {}
