import { createReadStream } from 'node:fs';
import { textLines } from './text-lines.ts';

/**
 * The commits of files in their order, each as it was stored; a line that is no JSON comes as undefined. Throws the file
 * system's error for a file that cannot be read.
 */
export async function* readCommits(paths: readonly string[]): AsyncGenerator<unknown> {
  for (const path of paths) {
    const stream = createReadStream(path, { highWaterMark: 1024 * 1024 });
    try {
      for await (const line of textLines(stream)) yield parsed(line);
    } finally {
      stream.destroy();
    }
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
