import type { EventData } from '../../events/vocabulary.ts';
import { type Decision, decided, rejected } from '../decision.ts';
import type { Settings } from './state.ts';

export interface SetMessageTimeout {
  readonly kind: 'set-message-timeout';
  readonly messageTimeoutMs: number;
}

export function setMessageTimeout(state: Settings, { messageTimeoutMs }: SetMessageTimeout): Decision {
  if (!Number.isSafeInteger(messageTimeoutMs) || messageTimeoutMs <= 0) {
    return rejected(400, 'bad-message-timeout', `the message timeout must be at least 1 ms, not ${messageTimeoutMs}`);
  }
  if (messageTimeoutMs === state.messageTimeoutMs) return decided();
  return decided({ type: 'MessageTimeoutSet', data: { messageTimeoutMs } });
}

/** The bounds with which the leader was started. */
export interface BoundReplicationFactor extends EventData<'ReplicationFactorBounded'> {
  readonly kind: 'bound-replication-factor';
}

/** Recorded when a leader runs with other ones than the leader before. */
export function boundReplicationFactor(state: Settings, { min, max }: BoundReplicationFactor): Decision {
  if (min !== undefined && max !== undefined && min > max) {
    const reason = `the smallest replication factor, ${min}, is above the largest, ${max}`;
    return rejected(400, 'bad-replication-factor', reason);
  }
  const before = state.replicationFactor ?? {};
  if (before.min === min && before.max === max) return decided();
  const data = { ...(min === undefined ? {} : { min }), ...(max === undefined ? {} : { max }) };
  return decided({ type: 'ReplicationFactorBounded', data });
}

/** The leader was started with this `--cluster.exclude-root-user`. */
export interface SetRootUserExclusion {
  readonly kind: 'set-root-user-exclusion';
  readonly excluded: boolean;
}

export function setRootUserExclusion(state: Settings, { excluded }: SetRootUserExclusion): Decision {
  return excluded === state.excludeRootUser ? decided() : decided({ type: 'RootUserExclusionSet', data: { excluded } });
}
