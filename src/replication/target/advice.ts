import type { ErrorMeaning } from './error-meaning.ts';

/** What an operator does about it. */
export function adviceOn(meaning: ErrorMeaning): string {
  switch (meaning) {
    case 'unique':
      return 'Compare the unique indexes and their values on both sides.';
    case 'not-writable':
      return 'Bring the missing DB-Servers of the target back, or lower the write concern.';
    case 'no-right':
      return "Check the target's JWT secret or the user's rights.";
    case 'too-large':
      return 'Raise the memory or transaction limits of the target.';
    case 'oversized':
      return 'No server takes a document of this size: make it smaller on the source, then reset the shard.';
    case 'invalid-text':
      return (
        'The target refuses text that the source has stored (invalid UTF-8, lone surrogates): correct the document on the ' +
        'source, or start the target with --server.validate-utf8-strings=false, then reset the shard.'
      );
    case 'contention':
    case 'unavailable':
      return 'Check the health of the target.';
    default:
      return 'Compare the versions and the properties of the collection on both sides, then reset the shard.';
  }
}
