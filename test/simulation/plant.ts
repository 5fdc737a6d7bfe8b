/**
 * Imported by a process before everything else: puts a bug into one file of the program as it is loaded. Nothing is
 * written, so a run that is killed leaves nothing behind.
 */
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { countOf, type Mutation } from '../safety/rules.ts';

/** Of a process: the bug, as JSON. */
export const PLANTED_IN_ENVIRONMENT = 'ARANGOSYNC_PLANTED_BUG';

const planted = process.env[PLANTED_IN_ENVIRONMENT];
if (planted !== undefined) plant(JSON.parse(planted));

function plant({ file, find, replace }: Pick<Mutation, 'file' | 'find' | 'replace'>): void {
  const url = pathToFileURL(fileURLToPath(new URL(`../../${file}`, import.meta.url))).href;
  const text = readFileSync(new URL(url), 'utf8');
  if (countOf(find, text) !== 1) throw new Error(`${file} does not hold exactly once: ${find}`);
  const source = text.replace(find, () => replace);
  registerHooks({
    load: (loaded, context, nextLoad) =>
      loaded === url ? { format: 'module-typescript', source, shortCircuit: true } : nextLoad(loaded, context),
  });
}
