import {
  describeSelection,
  patternTrouble,
  plainSelection,
  type Selection,
  sameSelection,
} from '../../events/selection/selection.ts';
import type { EventData, NewEvent } from '../../events/vocabulary.ts';
import { type Context, type Decision, decided, rejected } from '../decision.ts';
import type { Outgoing } from '../outgoing/state.ts';
import { notHeldText } from '../server-mode/not-held.ts';
import type { ServerModeState } from '../server-mode/state.ts';
import { sameService } from './same-service.ts';
import type { SyncConfiguration, Synchronization } from './state.ts';

/** `POST /_api/sync`, its secrets already kept under `credentialId`. */
export interface ConfigureSync extends EventData<'SyncCredentialsReplaced'> {
  readonly kind: 'configure-sync';
  /** Absent while a synchronization is active: then nothing begins anew. */
  readonly found?: FoundSource;
  /** Only when this deployment is held read-only since the source to be stopped in sync: nothing of ours is lost (S8). */
  readonly reversal?: boolean;
  /** What is to be replicated; absent: as it is recorded, else everything. */
  readonly selection?: Selection;
  /** The selection of a synchronization that is active may become another one. */
  readonly changeSelection?: boolean;
}

/** What a first look at the source told, and what we are. */
export interface FoundSource {
  readonly deploymentId: string;
  readonly version: string;
  /** Deployments that the source follows itself. */
  readonly follows: readonly string[];
  readonly ownDeploymentId: string;
  /** Servers that cannot take part in a replication, each with the reason: of the source, and of ours. */
  readonly unfit?: readonly string[];
  readonly ownUnfit?: readonly string[];
  /** Highest number of ours that it has seen; absent for none. */
  readonly seen?: number;
  /** Set when the source has only this part of what we have, from the time when it followed us. */
  readonly partOfOurs?: Selection;
}

/**
 * Inactive or failed: a new synchronization with a new epoch, which remembers nothing of an earlier source (S1, S3).
 * Active: the same request changes nothing, other credentials of the same source are taken over, another source is
 * refused.
 */
export function configureSync(
  state: Synchronization,
  { outgoing, serverMode }: { readonly outgoing: Outgoing; readonly serverMode: ServerModeState },
  command: ConfigureSync,
  context: Context,
): Decision {
  const { kind: _kind, found, reversal, selection: given, changeSelection: _change, ...wanted } = command;
  const { configuration } = state;
  if (state.phase === 'cancelling') {
    return rejected(412, 'cancelling', 'the synchronization is being cancelled: wait until it is inactive');
  }
  const badPattern = patternProblem(given);
  if (badPattern !== undefined) return rejected(400, 'bad-pattern', badPattern);
  if (state.phase === 'active' && configuration !== null) return reconfigure(configuration, wanted, command);
  if (found === undefined) return rejected(412, 'source-unknown', 'nobody has looked at the source yet; try again');
  const unfit = unfitSource(found, outgoing);
  if (unfit !== undefined) return rejected(412, unfit.code, unfit.reason);
  if (reversal === true && serverMode.heldFor?.targetId !== found.deploymentId) {
    return rejected(412, 'not-held', notHeldText(serverMode, found.deploymentId));
  }
  const unnamed = unnamedSelection(state, command);
  if (unnamed !== undefined) return rejected(412, unnamed.code, unnamed.reason);
  const selection = given === undefined ? configuration?.selection : plainSelection(given);
  return decided({
    type: 'SyncConfigured',
    data: {
      ...wanted,
      epoch: context.newId(),
      inventoryChannel: context.newChannel(),
      ...(found.seen ? { above: found.seen } : {}),
      sourceDeployment: found.deploymentId,
      ...(reversal === true ? { equalAtStart: true } : {}),
      ...(selection === undefined ? {} : { selection }),
    },
  });
}

/** Why this source must not be followed; undefined when it may. */
function unfitSource(found: FoundSource, outgoing: Outgoing): { code: string; reason: string } | undefined {
  const { deploymentId, follows, ownDeploymentId, unfit = [], ownUnfit = [] } = found;
  if (deploymentId === ownDeploymentId) {
    return { code: 'source-is-target', reason: `the source is this deployment itself (${deploymentId})` };
  }
  if (follows.includes(ownDeploymentId)) {
    const reason = `the source ${deploymentId} follows this deployment already: ${loopText(found)}; stop one of these first`;
    return { code: 'loop', reason };
  }
  if (outgoing.has(deploymentId)) {
    const reason =
      `this deployment still lists ${deploymentId} as its target, although that one follows nobody here any more: ` +
      `run 'arangosync abort outgoing sync --target=${deploymentId}' at this datacenter first`;
    return { code: 'stale-outgoing', reason };
  }
  if (unfit.length > 0) return { code: 'source-unfit', reason: sourceUnfitText(unfit) };
  if (ownUnfit.length > 0) return { code: 'target-unfit', reason: targetUnfitText(ownUnfit) };
  return undefined;
}

/** The chain of who sends to whom that following `deploymentId` would close, with us at both ends. */
export function loopText({
  deploymentId,
  follows,
  ownDeploymentId,
}: Pick<FoundSource, 'deploymentId' | 'follows' | 'ownDeploymentId'>): string {
  const between = follows.slice(0, follows.indexOf(ownDeploymentId)).toReversed();
  return `${[ownDeploymentId, ...between, deploymentId, ownDeploymentId].join(' → ')} would be a loop`;
}

/** Why a source cannot be followed; what its servers are is told by the source. */
export function sourceUnfitText(unfit: readonly string[]): string {
  return `the source cannot be followed: ${unfit.join('; ')}`;
}

export function targetUnfitText(unfit: readonly string[]): string {
  return `this deployment cannot be a target: ${unfit.join('; ')}`;
}

const NAME_IT = "name it with --include and --exclude, or everything with --include='*'";

/**
 * Why the selection has to be named: taken for everything, what it had left out would be dropped here, because the source
 * does not have it.
 */
function unnamedSelection(
  { lastStop }: Synchronization,
  { found, reversal, selection }: ConfigureSync,
): { code: string; reason: string } | undefined {
  const part = found?.partOfOurs;
  if (part !== undefined && reversal === true && !sameSelection(plain(selection), part)) {
    const reason = `the source has only a part of this deployment (${describeSelection(part)}): it is reversed with that selection`;
    return { code: 'other-selection', reason };
  }
  if (selection !== undefined) return undefined;
  if (part !== undefined) {
    const reason = `the source has only a part of this deployment (${describeSelection(part)}), all else would be dropped here: ${NAME_IT}`;
    return { code: 'selection-not-named', reason };
  }
  const before = lastStop?.partial?.selection;
  if (before === undefined) return undefined;
  const reason = `the synchronization before had a selection (${describeSelection(before)}): ${NAME_IT}`;
  return { code: 'selection-not-named', reason };
}

function patternProblem(selection: Selection | undefined): string | undefined {
  for (const pattern of [...(selection?.include ?? []), ...(selection?.exclude ?? [])]) {
    const trouble = patternTrouble(pattern);
    if (trouble !== undefined) return `the pattern '${pattern}' ${trouble}`;
  }
  return undefined;
}

function plain(selection: Selection | undefined): Selection | undefined {
  return selection === undefined ? undefined : plainSelection(selection);
}

function reconfigure(
  configuration: SyncConfiguration,
  wanted: EventData<'SyncCredentialsReplaced'>,
  { selection: given, changeSelection }: ConfigureSync,
): Decision {
  if (!sameService(configuration.source, wanted.source)) {
    const message = `a synchronization from ${configuration.source.join(', ')} is active: stop or abort it first`;
    return rejected(412, 'other-source', message);
  }
  const isSame =
    configuration.fingerprint === wanted.fingerprint && configuration.caFingerprint === wanted.caFingerprint;
  const credentials: NewEvent[] = isSame ? [] : [{ type: 'SyncCredentialsReplaced', data: wanted }];
  const { selection: before } = configuration;
  const selection = given === undefined ? before : plainSelection(given);
  if (sameSelection(before, selection)) return decided(...credentials);
  if (changeSelection !== true) {
    const change = `from ${describeSelection(before)} to ${describeSelection(selection)}`;
    const message = `the selection would change ${change}: --dry-run shows what becomes of it, --change-selection does it`;
    return rejected(412, 'selection-changes', message);
  }
  const changed: NewEvent = { type: 'SyncSelectionChanged', data: selection === undefined ? {} : { selection } };
  return decided(...credentials, changed);
}
