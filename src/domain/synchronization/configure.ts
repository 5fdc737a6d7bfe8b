import type { EventData } from '../../events/vocabulary.ts';
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
}

/** What a first look at the source told, and what we are. */
export interface FoundSource {
  readonly deploymentId: string;
  readonly version: string;
  /** Deployments that the source follows itself. */
  readonly follows: readonly string[];
  readonly ownDeploymentId: string;
  readonly ownVersion: string;
  /** Highest number of ours that it has seen; absent for none. */
  readonly seen?: number;
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
  const { kind: _kind, found, reversal, ...wanted } = command;
  const { configuration } = state;
  if (state.phase === 'cancelling') {
    return rejected(412, 'cancelling', 'the synchronization is being cancelled: wait until it is inactive');
  }
  if (state.phase === 'active' && configuration !== null) return reconfigure(configuration, wanted);
  if (found === undefined) return rejected(412, 'source-unknown', 'nobody has looked at the source yet; try again');
  const unfit = unfitSource(found, outgoing);
  if (unfit !== undefined) return rejected(412, unfit.code, unfit.reason);
  if (reversal === true && serverMode.heldFor?.targetId !== found.deploymentId) {
    return rejected(412, 'not-held', notHeldText(serverMode, found.deploymentId));
  }
  return decided({
    type: 'SyncConfigured',
    data: {
      ...wanted,
      epoch: context.newId(),
      inventoryChannel: context.newChannel(),
      ...(found.seen ? { above: found.seen } : {}),
      sourceDeployment: found.deploymentId,
      ...(reversal === true ? { equalAtStart: true } : {}),
    },
  });
}

/** Why this source must not be followed; undefined when it may. */
function unfitSource(found: FoundSource, outgoing: Outgoing): { code: string; reason: string } | undefined {
  const { deploymentId, version, follows, ownDeploymentId, ownVersion } = found;
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
  if (minorOf(ownVersion) < minorOf(version)) {
    const reason = `this deployment is ArangoDB ${ownVersion}, older than its source's ${version}: upgrade the target first`;
    return { code: 'target-too-old', reason };
  }
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

/** One number that rises with major and minor; patches are of no account. */
function minorOf(version: string): number {
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10) || 0);
  return major * 1_000 + minor;
}

function reconfigure(configuration: SyncConfiguration, wanted: EventData<'SyncCredentialsReplaced'>): Decision {
  if (!sameService(configuration.source, wanted.source)) {
    const message = `a synchronization from ${configuration.source.join(', ')} is active: stop or abort it first`;
    return rejected(412, 'other-source', message);
  }
  const isSame =
    configuration.fingerprint === wanted.fingerprint && configuration.caFingerprint === wanted.caFingerprint;
  return isSame ? decided() : decided({ type: 'SyncCredentialsReplaced', data: wanted });
}
