import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';

/** A folder that is removed after the tests of the file, or of the `describe`, in which it was asked for. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'arangosync-test-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
