import { UsageError } from './errors.ts';
import { text } from './options.ts';

/** More copies than any deployment has servers. */
const FACTOR_MAX = 100;

/** Bounds of the replication factor of what the target's masters have made. */
export const replicationFactorOptions = {
  minReplicationFactor: text('cluster.min-replication-factor', {
    placeholder: 'number',
    description:
      'As a target: smallest replication factor of collections and databases (never more than there are DB-Servers; 0, the default: as on the source)',
  }),
  maxReplicationFactor: text('cluster.max-replication-factor', {
    placeholder: 'number',
    description:
      'As a target: largest replication factor of collections and databases (0, the default: as on the source)',
  }),
};

/** Throws {@link UsageError} on what is no number of copies, and on bounds that exclude each other. */
export function replicationFactorOf(values: {
  readonly minReplicationFactor: string | undefined;
  readonly maxReplicationFactor: string | undefined;
}): { readonly min?: number; readonly max?: number } {
  const min = factorOf('--cluster.min-replication-factor', values.minReplicationFactor);
  const max = factorOf('--cluster.max-replication-factor', values.maxReplicationFactor);
  if (min !== undefined && max !== undefined && min > max) {
    throw new UsageError(
      `--cluster.min-replication-factor (${min}) is above --cluster.max-replication-factor (${max})`,
    );
  }
  return { ...(min === undefined ? {} : { min }), ...(max === undefined ? {} : { max }) };
}

function factorOf(flag: string, given: string | undefined): number | undefined {
  if (given === undefined) return undefined;
  const factor = /^\d{1,3}$/.test(given) ? Number(given) : Infinity;
  if (factor > FACTOR_MAX) throw new UsageError(`${flag} must be a whole number up to ${FACTOR_MAX}, not '${given}'`);
  return factor === 0 ? undefined : factor;
}
