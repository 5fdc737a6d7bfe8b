import type { EventData } from '../../events/vocabulary.ts';
import { type Decision, decided } from '../decision.ts';

/** The state of before this command goes into the log, so that what lies before can be archived (S10). */
export interface KeepState extends EventData<'LogArchived'> {
  readonly kind: 'keep-state';
}

export function keepState({ schema, state }: KeepState): Decision {
  return decided({ type: 'LogArchived', data: { schema, state } });
}
