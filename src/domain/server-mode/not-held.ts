import type { ServerModeState } from './state.ts';

/** Why this deployment must not follow, as by a reversal, the one that followed it; what happened, and what to do. */
export function notHeldText({ holdBroken }: Pick<ServerModeState, 'holdBroken'>, targetId: string): string {
  const what =
    holdBroken === null
      ? `this deployment is not held read-only since ${targetId} stopped in sync`
      : `this deployment was held read-only for a reversal, and was made writable by somebody at ${holdBroken.at} (${holdBroken.reason})`;
  return (
    `${what}: it may have writes that ${targetId} lacks, and following it would lose them. Nothing was changed. ` +
    `Run 'arangosync configure sync' so that ${targetId} follows this deployment again, and reverse then; ` +
    'or configure the direction that you want, if what was written here may be lost'
  );
}
