import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DemoProcess, stopAll } from '../cli/demo/processes.ts';

/** Runs `work` with a folder of its own; nothing of that is left behind, and no process that it pushed. */
export async function withFolder<T>(work: (folder: string, processes: DemoProcess[]) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'arangosync-bench-'));
  const processes: DemoProcess[] = [];
  try {
    return await work(folder, processes);
  } finally {
    await stopAll(processes);
    rmSync(folder, { recursive: true, force: true });
  }
}
