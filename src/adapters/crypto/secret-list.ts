/**
 * Master secrets that are accepted; the first one signs. A function where they can change while the process runs: it
 * returns the same array until they do.
 */
export type SecretList = string | readonly string[] | (() => readonly string[]);

export function readerOf(secrets: SecretList): () => readonly string[] {
  if (typeof secrets === 'function') return secrets;
  const list = typeof secrets === 'string' ? [secrets] : secrets;
  return () => list;
}
