const ALPHABET = '-_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** A revision as text, by reference 5.8.4 and not by the code under test. */
export function encodeRevision(revision: bigint): string {
  let text = '';
  for (let rest = revision; rest > 0n; rest >>= 6n) text = ALPHABET.charAt(Number(rest & 63n)) + text;
  return text;
}

/** The value of a revision's text: texts do not sort as their values do. */
export function decodeRevision(text: string): bigint {
  return [...text].reduce((value, letter) => value * 64n + BigInt(ALPHABET.indexOf(letter)), 0n);
}
