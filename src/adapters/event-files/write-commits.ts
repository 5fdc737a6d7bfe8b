import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Lines are gathered up to this size before they are written. */
const WRITE_BYTES = 1024 * 1024;

/**
 * Writes commits to a file, one line each, exactly as they are stored. When it resolves, the file is on the disk under
 * its name; a file of that name before is replaced in one moment, and one that could not be written to its end never
 * appears. Commits tell of endpoints and certificates: the file is for its owner alone.
 */
export async function writeCommits(path: string, commits: AsyncIterable<object>): Promise<number> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    const count = await writeLines(temporary, commits);
    await rename(temporary, path);
    await syncFolder(dirname(path));
    return count;
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

async function writeLines(path: string, commits: AsyncIterable<object>): Promise<number> {
  const file = await open(path, 'w', 0o600);
  try {
    let [count, text] = [0, ''];
    for await (const commit of commits) {
      text += `${JSON.stringify(commit)}\n`;
      count += 1;
      if (text.length < WRITE_BYTES) continue;
      await file.writeFile(text);
      text = '';
    }
    await file.writeFile(text);
    await file.sync();
    return count;
  } finally {
    await file.close();
  }
}

/** Without it a power cut could take the name of the file away again. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
