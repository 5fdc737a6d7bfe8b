import { createReadStream } from 'node:fs';
import { parsedText } from '../../events/chain.ts';
import { lineBatches } from './text-lines.ts';

/** The file is read ahead by as much, while what came before is verified. */
const READ_BYTES = 1024 * 1024;

/**
 * The commits of files in their order, each as it was stored; a line that is no JSON comes as undefined. Throws the file
 * system's error for a file that cannot be read.
 */
export async function* readCommits(paths: readonly string[]): AsyncGenerator<unknown> {
  for await (const texts of readCommitTexts(paths)) yield* texts.map(parsedText);
}

/** The lines of files of commits in their order, many at once. */
export async function* readCommitTexts(paths: readonly string[]): AsyncGenerator<readonly string[]> {
  for (const path of paths) {
    const stream = createReadStream(path, { highWaterMark: READ_BYTES });
    try {
      yield* lineBatches(stream);
    } finally {
      stream.destroy();
    }
  }
}
