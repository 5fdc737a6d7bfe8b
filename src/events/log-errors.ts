import type { ChainFinding } from './chain.ts';

/** The log could not be read or written now. After an append the caller reads on before it decides again: it may have landed. */
export class LogUnavailable extends Error {
  override readonly name = 'LogUnavailable';
}

/** The log is not what was written to it: nobody may decide from it until an operator has looked. */
export class LogCorrupt extends Error {
  override readonly name = 'LogCorrupt';
  readonly finding: ChainFinding;
  constructor(finding: ChainFinding) {
    super(`event log, position ${finding.position}: ${finding.problem}: ${finding.detail}`);
    this.finding = finding;
  }
}

/**
 * The caller's position lies before the first commit that is kept (S10): what it decided, it decided from a past that is
 * over. Nothing of it counts. Begin anew by reading from `{position: 0, hash: ''}`.
 */
export class LogArchivedPast extends Error {
  override readonly name = 'LogArchivedPast';
  readonly first: number;
  constructor(position: number, first: number) {
    super(`event log: position ${position} was archived, the log begins at ${first}: read it from the beginning`);
    this.first = first;
  }
}
