import { isText, rawText, valueAt } from './json/members.ts';
import type { JsonText } from './types.ts';

const NUMBER = /^-?[0-9]/;

/** Whether the given document's version is a number not larger than the stored one's: then nothing is written (4.2). */
export function isNotNewer(attribute: string, stored: JsonText, given: JsonText): boolean {
  const storedText = numberText(valueAt(stored, [attribute]));
  const givenText = numberText(valueAt(given, [attribute]));
  if (storedText === undefined || givenText === undefined) return false;
  const bothWhole = /^-?[0-9]+$/.test(storedText) && /^-?[0-9]+$/.test(givenText);
  return bothWhole ? BigInt(givenText) <= BigInt(storedText) : Number(givenText) <= Number(storedText);
}

function numberText(text: JsonText | undefined): string | undefined {
  if (text === undefined || isText(text)) return undefined;
  const raw = rawText(text);
  return NUMBER.test(raw) ? raw : undefined;
}
