import type { ArangoError } from '../arango.ts';
import { canonical } from './index-difference.ts';
import type { Step } from './structure-steps.ts';

/** A step that was refused for what it is, or did not show, is tried again after this: the target may be upgraded. */
export const SHELVED_MS = 60_000;

const NOT_SHOWN = 'the target took it and tells something else: its version keeps other attributes';

interface Shelved {
  readonly reason: string;
  readonly until: number;
}

/**
 * Keeps the target from being asked for the same over and over: versions differ in what they know and in what they tell,
 * and a definition that never comes out as it was asked for would be made and taken down with every inventory. What is
 * shelved is a problem with a name, and is tried again now and then. Indexes that cannot be made have longer and longer
 * pauses ({@link FailedIndexes}); those that do not show are shelved.
 */
export class ShelvedSteps {
  readonly #now: () => number;
  #shelved = new Map<string, Shelved>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Of the steps of a plan those that wait: shelved ones, and what only makes room for a shelved one. */
  waiting(steps: readonly Step[]): ReadonlySet<Step> {
    const shelved = steps.filter((step) => this.#reasonOf(step) !== undefined);
    const made = new Set(shelved.map(madeBy));
    return new Set([...shelved, ...steps.filter((step) => makesRoomFor(step, made))]);
  }

  /** What became of a plan: `after` is what would have to be done now. Tells what is shelved from here on, and why. */
  settle(
    done: readonly Step[],
    failures: ReadonlyMap<Step, ArangoError>,
    after: readonly Step[],
  ): ReadonlyMap<Step, string> {
    const until = this.#now() + SHELVED_MS;
    const before = this.#shelved;
    const fresh = new Map<string, Shelved>();
    for (const step of done) if (mayShelve(step)) fresh.set(canonical(step), { reason: NOT_SHOWN, until });
    for (const [step, error] of failures) {
      if (isForWhatItIs(error)) fresh.set(canonical(step), { reason: error.message, until });
    }
    const told = new Map<Step, string>();
    this.#shelved = new Map();
    for (const step of after) {
      const name = canonical(step);
      const shelved = fresh.get(name) ?? before.get(name);
      if (shelved === undefined) continue;
      this.#shelved.set(name, shelved);
      if (!isDrop(step)) told.set(step, shelved.reason);
    }
    return told;
  }

  #reasonOf(step: Step): string | undefined {
    const shelved = this.#shelved.get(canonical(step));
    return shelved === undefined || shelved.until <= this.#now() ? undefined : shelved.reason;
  }
}

/** Structure can be seen late on another coordinator: what was made is only doubted where it can differ. */
function mayShelve({ kind }: Step): boolean {
  return (
    kind === 'change-collection' ||
    kind === 'create-index' ||
    kind === 'create-view' ||
    kind === 'change-view' ||
    kind === 'create-analyzer'
  );
}

function isDrop({ kind }: Step): boolean {
  return kind.startsWith('drop-');
}

/** What is the same again however often it is asked: a definition or a name that the target does not know, no right. */
export function isForWhatItIs({ status }: ArangoError): boolean {
  return status === 400 || status === 403 || status === 501;
}

function madeBy(step: Step): string {
  switch (step.kind) {
    case 'create-index':
      return canonical(['index', step.database, step.collection, step.index.name]);
    case 'create-view':
      return canonical(['view', step.database, step.view.name]);
    case 'create-analyzer':
      return canonical(['analyzer', step.database, step.analyzer.name]);
    default:
      return '';
  }
}

function makesRoomFor(step: Step, made: ReadonlySet<string>): boolean {
  switch (step.kind) {
    case 'drop-index':
      return made.has(canonical(['index', step.database, step.collection, step.index]));
    case 'drop-view':
      return step.anew && made.has(canonical(['view', step.database, step.name]));
    case 'drop-analyzer':
      return step.anew && made.has(canonical(['analyzer', step.database, step.name]));
    default:
      return false;
  }
}
