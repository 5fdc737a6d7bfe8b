import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { CommitHasher } from '../../events/chain.ts';
import type { Commit } from '../../events/log.ts';
import { StreamLog } from '../../events/stream-log.ts';
import { verifyLog } from '../../events/verify-log.ts';
import type { EventArchive } from '../../master/events-keep.ts';
import { readCommitTexts } from './read-commits.ts';
import { writeCommits } from './write-commits.ts';

const POSITION_DIGITS = 16;
const NAME = /^events-(\d{16})-(\d{16})\.jsonl$/;

/** Archives in a folder: `events-<first>-<last>.jsonl`, in which names sort as positions do. */
export class FolderArchive implements EventArchive {
  readonly #folder: string;
  readonly #hasher: CommitHasher;

  constructor(folder: string, hasher: CommitHasher) {
    this.#folder = folder;
    this.#hasher = hasher;
  }

  async write(first: number, last: number, commits: AsyncIterable<Commit>): Promise<string> {
    const path = join(this.#folder, `events-${digits(first)}-${digits(last)}.jsonl`);
    await writeCommits(path, commits);
    const report = await verifyLog(StreamLog.ofTexts(readCommitTexts([path]), this.#hasher));
    const [finding] = report.findings;
    if (finding !== undefined)
      throw new Error(`the archive ${path} is not whole: position ${finding.position}: ${finding.detail}`);
    if (report.first !== first || report.head.position !== last) {
      throw new Error(`the archive ${path} holds ${report.first} to ${report.head.position}, not ${first} to ${last}`);
    }
    await this.#removeContained(first, last);
    return path;
  }

  /** A master that ended between its file and the cut left one behind, of which the new one holds every commit. */
  async #removeContained(first: number, last: number): Promise<void> {
    for (const name of await readdir(this.#folder)) {
      const [, from, to] = NAME.exec(name) ?? [];
      if (Number(from) === first && Number(to) < last) await rm(join(this.#folder, name));
    }
  }
}

function digits(position: number): string {
  return String(position).padStart(POSITION_DIGITS, '0');
}
