const patterns: readonly [RegExp, string][] = [
  [/-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----[\s\S]*?(?:-----END (?:[A-Z]+ )?PRIVATE KEY-----|$)/g, '[private key]'],
  [/\beyJ[\w-]+\.[\w-]+\.[\w-]+/g, '[token]'],
  [/\b(bearer|basic)\s+[\w+/=.~-]{8,}/gi, '$1 [secret]'],
  [/(\/\/[^/\s:@]+):[^/\s@]+@/g, '$1:[secret]@'],
];

/** Replaces what looks like a key, a token, or a password in a URL: errors of libraries may quote what was sent. */
export function scrub(text: string): string {
  return patterns.reduce((rest, [pattern, replacement]) => rest.replace(pattern, replacement), text);
}
