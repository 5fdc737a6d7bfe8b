/** What a server calls itself: `3.12.10`, compared number by number. */
export type VersionNumbers = readonly [major: number, minor: number, patch: number];

/** The version that the stand-in answers as unless it is told otherwise. */
export const DEFAULT_VERSION = '3.12.10';

/** What a version without its last number stands for: the last release of its line, or the captured one. */
const LAST_OF_LINE: ReadonlyMap<string, string> = new Map([
  ['3.7', '3.7.18'],
  ['3.8', '3.8.9'],
  ['3.9', '3.9.12'],
  ['3.10', '3.10.14'],
  ['3.11', '3.11.14'],
  ['3.12', DEFAULT_VERSION],
]);

/**
 * The full number of a version as somebody gives it, `3.10` or `3.10.14`; undefined for what the stand-in cannot pose as.
 * 3.7 can be asked for to see it refused: it has no revision trees here either.
 */
export function fullVersion(given: string): string | undefined {
  const [line] = /^\d+\.\d+(?=$|\.\d+$)/.exec(given) ?? [];
  if (line === undefined || !LAST_OF_LINE.has(line)) return undefined;
  return given === line ? LAST_OF_LINE.get(line) : given;
}

export function numbersOf(version: string): VersionNumbers {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map((part) => Number.parseInt(part, 10) || 0);
  return [major, minor, patch];
}

/** Negative, zero, positive. */
export function compareVersions(a: VersionNumbers, b: VersionNumbers): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
}
