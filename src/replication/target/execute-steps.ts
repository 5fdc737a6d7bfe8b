import { ArangoError } from '../arango.ts';
import type { AlignOptions } from './align-options.ts';
import { describeStep, executeStep } from './execute-step.ts';
import type { FailedIndexes } from './failed-indexes.ts';
import type { Step } from './structure-steps.ts';

/** What became of steps. */
export interface Executed {
  readonly done: readonly Step[];
  /** Of steps that are no indexes. */
  readonly failures: ReadonlyMap<Step, ArangoError>;
  /** Indexes that could not be made, now or when it was tried last, and why. */
  readonly lacking: ReadonlyMap<Step, string>;
}

export interface ExecuteOptions extends Pick<AlignOptions, 'deployment' | 'environment' | 'onDoubt'> {
  readonly failedIndexes: FailedIndexes;
  /** Steps that failed for good until something changes: they are not tried. */
  readonly waiting: { has(step: Step): boolean };
  /** Whether what they were planned for is still wanted. */
  readonly isWanted: () => boolean;
}

/** Executes steps in order. Ends before its time when something else is selected: the next inventory is planned with that. */
export async function executeSteps(
  steps: readonly Step[],
  { deployment, environment, onDoubt, failedIndexes, waiting, isWanted }: ExecuteOptions,
  signal: AbortSignal,
): Promise<Executed> {
  const done: Step[] = [];
  const failures = new Map<Step, ArangoError>();
  const lacking = new Map<Step, string>();
  for (const step of steps) {
    if (!isWanted()) break;
    if (waiting.has(step)) continue;
    const putOff = failedIndexes.putOff(step, environment.now());
    if (putOff !== undefined) {
      lacking.set(step, putOff);
      continue;
    }
    try {
      // What somebody else has made meanwhile is not ours, and need not be empty.
      if (!(await executeStep(deployment, step, onDoubt, signal)) && step.kind === 'create-collection') continue;
      done.push(step);
      failedIndexes.made(step);
      environment.log.info(describeStep(step));
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof ArangoError)) throw error;
      if (step.kind === 'create-index') {
        lacking.set(step, error.message);
        failedIndexes.failed(step, error, environment.now());
      } else failures.set(step, error);
      environment.log.warn('a step of the structure failed', { step: describeStep(step), reason: error.message });
    }
  }
  return { done, failures, lacking };
}
