/**
 * Shows that each rule is held by a test: runs the tests named after it, which have to pass, and runs them again in a
 * copy of the tree for each way to take the rule out, where one of them has to fail.
 *
 * `node test/safety/run-rules.ts [rule…]`; ends with status 1 when a test fails or a mutation survives.
 */
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { inParallel } from '../../src/master/checksums/shard-digests.ts';
import { copyTree, type TestResult, testsIn } from './mutated-tree.ts';
import { type Mutation, RULES, type Rule, testFilesOf, testNamesOf } from './rules.ts';

/** Most mutations are seen by what never comes: they wait more than they work. */
const LANES = Math.max(2, availableParallelism());

const root = fileURLToPath(new URL('../../', import.meta.url));

interface Line {
  readonly rule: string;
  readonly what: string;
  readonly passed: boolean;
  readonly detail: string;
}

async function main(names: readonly string[]): Promise<void> {
  const unknown = names.filter((name) => !RULES.some((rule) => rule.name === name));
  if (unknown.length > 0) {
    throw new Error(`no such rule: ${unknown.join(', ')}; there are ${RULES.map(({ name }) => name).join(', ')}`);
  }
  const lines: Line[] = [];
  for (const rule of RULES.filter(({ name }) => names.length === 0 || names.includes(name))) {
    console.log(`\n${rule.name}: ${rule.sentence}`);
    lines.push(...(await check(rule)));
  }
  const failed = lines.filter(({ passed }) => !passed);
  console.log(`\n${lines.length - failed.length} passed, ${failed.length} failed`);
  process.exitCode = failed.length === 0 ? 0 : 1;
}

/** The tests in the tree as it is, then each mutation. */
async function check(rule: Rule): Promise<readonly Line[]> {
  const held = new Set<string>();
  const tests = await inParallel(testFilesOf(rule), LANES, async (file) => {
    const line = passing(rule, file, await testsIn(root, file, testNamesOf(rule)));
    if (line.passed) held.add(file);
    return shown(line);
  });
  const mutations = await inParallel(rule.mutations, LANES, async (mutation) => {
    if (held.has(mutation.killedIn)) return shown(await killed(rule, mutation));
    return shown({ ...lineOf(rule, mutation), passed: false, detail: 'not run: the tests fail without it already' });
  });
  return [...tests, ...mutations];
}

function shown(line: Line): Line {
  console.log(`  ${line.passed ? 'yes' : 'NO '}  ${line.what}\n         ${line.detail}`);
  return line;
}

function passing(rule: Rule, file: string, results: readonly TestResult[]): Line {
  const what = `tests in ${file} pass`;
  const failed = results.find(({ failure }) => failure !== undefined);
  if (results.length === 0) return { rule: rule.name, what, passed: false, detail: 'no test has the name of the rule' };
  if (failed !== undefined)
    return { rule: rule.name, what, passed: false, detail: `${failed.name}: ${failed.failure}` };
  return { rule: rule.name, what, passed: true, detail: `${results.length} tests` };
}

async function killed(rule: Rule, mutation: Mutation): Promise<Line> {
  const tree = await copyTree(root, mutation);
  try {
    const results = await testsIn(tree.path, mutation.killedIn, testNamesOf(rule));
    const failed = results.find(({ failure }) => failure !== undefined);
    if (failed === undefined) {
      return { ...lineOf(rule, mutation), passed: false, detail: `survived ${results.length} tests` };
    }
    return { ...lineOf(rule, mutation), passed: true, detail: `${failed.name}: ${failed.failure}` };
  } finally {
    await tree.remove();
  }
}

function lineOf(rule: Rule, { what, file, killedIn }: Mutation): { readonly rule: string; readonly what: string } {
  return { rule: rule.name, what: `killed when it ${what} (${file}, by ${killedIn})` };
}

await main(process.argv.slice(2));
