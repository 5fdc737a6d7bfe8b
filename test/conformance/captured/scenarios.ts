import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { CapturedAnswer, Scenario } from './scenario.ts';
import { accounts } from './scenarios/accounts.ts';
import { definitions } from './scenarios/definitions.ts';
import { documents } from './scenarios/documents.ts';
import { graphs } from './scenarios/graphs.ts';
import { imports } from './scenarios/imports.ts';
import { runs } from './scenarios/runs.ts';
import { structure } from './scenarios/structure.ts';

/** What was called for the captured answers of 3.12.10. */
export const scenarios: readonly Scenario[] = [
  ...structure,
  ...documents,
  ...imports,
  ...definitions,
  ...graphs,
  ...accounts,
  ...runs,
];

const folder = fileURLToPath(new URL('./', import.meta.url));

/** The captured answers of 3.12.10. */
export const captured: readonly CapturedAnswer[] = readdirSync(folder)
  .filter((name) => name.endsWith('.json'))
  .flatMap((name) => JSON.parse(readFileSync(folder + name, 'utf8')) as CapturedAnswer[]);
