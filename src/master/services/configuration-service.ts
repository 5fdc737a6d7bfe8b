import { createHash } from 'node:crypto';
import { notHeldText } from '../../domain/server-mode/not-held.ts';
import type { FoundSource } from '../../domain/synchronization/configure.ts';
import { ApiError } from '../../wire/api-error.ts';
import type { Caller } from '../../wire/caller.ts';
import type { ConfigureSync } from '../../wire/sync-commands.ts';
import type { SyncPlan } from '../../wire/sync-plan.ts';
import { checkCredentials } from '../check-credentials.ts';
import type { BarrierReconciler } from '../reconcile/barriers.ts';
import type { Core } from '../reconcile/core.ts';
import { ServerFitness } from '../server-fitness.ts';
import { isAuthenticationOn } from '../server-mode.ts';
import { dropCredentials, keepCredentials } from '../source-credentials.ts';
import type { SourceMasters } from '../source-masters.ts';
import { listDatacenter } from '../structure/listing.ts';
import { planSelection } from '../structure/plan-selection.ts';
import { localName } from '../structure/replicated-names.ts';
import { versionProblems } from '../structure/version-problems.ts';

/** Which source this datacenter follows: what that would mean, and that it begins. */
export class ConfigurationService {
  readonly #core: Core;
  readonly #barriers: BarrierReconciler;
  readonly #fitness: ServerFitness;

  constructor(core: Core, barriers: BarrierReconciler) {
    this.#core = core;
    this.#barriers = barriers;
    this.#fitness = new ServerFitness(core.ports, core.settings);
  }

  /** Credentials are kept before the event that names them, and dropped again when nothing came of it. */
  async configure(request: ConfigureSync, caller: Caller, signal: AbortSignal): Promise<void> {
    const { control, desk, ports } = this.#core;
    desk.assertLeads();
    const { clientCertificate, clientKey, caCertificate } = request.authentication;
    checkCredentials(request.authentication);
    const fingerprint = ports.secrets.fingerprint(clientCertificate, clientKey, caCertificate);
    const before = control.state.synchronization;
    const isKnown = before.phase === 'active' && before.configuration?.fingerprint === fingerprint;
    if (!isKnown) await this.#refuseOpenTarget(signal);
    await this.#refuseBrokenHold(signal);
    const found = before.phase === 'active' ? {} : { found: await this.#lookAtSource(request, signal) };
    const credentialId = isKnown ? (before.configuration?.credentialId ?? '') : ports.newId();
    // Also what is known already: so a repetition brings back what was lost.
    await keepCredentials(ports.secrets, credentialId, request.authentication, signal);
    const caFingerprint = createHash('sha256').update(caCertificate).digest('hex');
    const { source } = request;
    const reversal = request.reversal === true ? { reversal: true } : {};
    const { selection, change_selection: changeSelection } = request;
    const command = {
      kind: 'configure-sync',
      source,
      credentialId,
      fingerprint,
      caFingerprint,
      ...found,
      ...reversal,
      ...(selection === undefined ? {} : { selection }),
      ...(changeSelection === true ? { changeSelection } : {}),
    } as const;
    const dropUnused = () => this.#dropUnused([credentialId, before.configuration?.credentialId]);
    try {
      await desk.command(command, caller, signal);
    } catch (error) {
      // A refusal is certain. After any other failure the event may be in the log, and names what was kept.
      if (error instanceof ApiError) await dropUnused();
      throw error;
    }
    await dropUnused();
  }

  /** What this deployment would become by following the source; nothing is changed on either side. */
  async plan(request: ConfigureSync, signal: AbortSignal): Promise<SyncPlan> {
    const { deployment } = this.#core.ports;
    this.#core.desk.assertLeads();
    checkCredentials(request.authentication);
    return await this.#withSource(request, signal, async (masters) => {
      const contact = await masters.look(deployment.id, signal);
      const [source, target, ownVersion, ownUnfit] = await Promise.all([
        masters.listing(deployment.id, signal),
        listDatacenter(deployment, 'target', signal),
        this.#ownVersion(signal),
        this.#fitness.look(signal),
      ]);
      const count = async (database: string, collection: string) => {
        const path = `/_api/collection/${encodeURIComponent(localName(collection, 'target'))}/count`;
        return (await deployment.front.json<{ count: number }>({ method: 'GET', database, path, signal })).count;
      };
      const { deploymentId: id, version, unfit = [] } = contact;
      const { synchronization, settings } = this.#core.control.state;
      const { phase, configuration } = synchronization;
      const active = phase === 'active' && configuration !== null ? { selection: configuration.selection } : undefined;
      // Of one that has failed the selection stays, too.
      const selection = request.selection ?? configuration?.selection;
      const plan = await planSelection({ source, target, count }, selection, active);
      const problems = [...versionProblems({ version, unfit, ownVersion, ownUnfit }), ...plan.problems];
      return { source: { id, version }, ...plan, problems, keeps_root: settings.excludeRootUser };
    });
  }

  /** Who answers there, with the credentials that were given: better refused now than failing in the night. */
  #lookAtSource(request: ConfigureSync, signal: AbortSignal): Promise<FoundSource> {
    const { deployment } = this.#core.ports;
    return this.#withSource(request, signal, async (masters) => {
      const [contact, ownUnfit] = await Promise.all([masters.look(deployment.id, signal), this.#fitness.look(signal)]);
      const { deploymentId, version, follows = [], seen = 0, partOfYours, unfit = [] } = contact;
      const part = partOfYours === undefined ? {} : { partOfOurs: partOfYours };
      return { deploymentId, version, follows, ownDeploymentId: deployment.id, seen, unfit, ownUnfit, ...part };
    });
  }

  async #withSource<T>(
    { source, authentication }: ConfigureSync,
    signal: AbortSignal,
    ask: (masters: SourceMasters) => Promise<T>,
  ): Promise<T> {
    const masters = this.#core.ports.openSource(source, authentication);
    try {
      return await ask(masters);
    } catch (error) {
      signal.throwIfAborted();
      const why = error instanceof Error ? error.message : String(error);
      throw new ApiError(412, `the source ${source.join(', ')} cannot be followed: ${why}`, { cause: error });
    } finally {
      await masters.close();
    }
  }

  async #ownVersion(signal: AbortSignal): Promise<string> {
    const { front } = this.#core.ports.deployment;
    return (await front.json<{ version: string }>({ method: 'GET', path: '/_api/version', signal })).version;
  }

  /** In read-only mode nobody can write a deployment without authentication, we neither (S23). */
  async #refuseOpenTarget(signal: AbortSignal): Promise<void> {
    if (await isAuthenticationOn(this.#core.ports.deployment.front, signal)) return;
    throw new ApiError(412, 'this deployment has authentication switched off and cannot be a target: switch it on');
  }

  /** A reversal in two steps of its own, or ours: writable at this moment is too late to be noticed afterwards (S8). */
  async #refuseBrokenHold(signal: AbortSignal): Promise<void> {
    const { control } = this.#core;
    const { heldFor } = control.state.serverMode;
    if (heldFor === null) return;
    await this.#barriers.confirmHold(signal);
    const { serverMode } = control.state;
    if (serverMode.heldFor === null) throw new ApiError(412, notHeldText(serverMode, heldFor.targetId));
  }

  async #dropUnused(credentialIds: readonly (string | undefined)[]): Promise<void> {
    const { control, ports } = this.#core;
    const used = control.state.synchronization.configuration?.credentialId;
    for (const credentialId of new Set(credentialIds)) {
      if (credentialId === undefined || credentialId === '' || credentialId === used) continue;
      await dropCredentials(ports.secrets, credentialId);
    }
  }
}
