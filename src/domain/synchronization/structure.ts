import { Selector } from '../../events/selection/selection.ts';
import { type ShardRef, type ShardWithChannels, shardKey } from '../../events/types/parts.ts';
import type { EventData, NewEvent } from '../../events/vocabulary.ts';
import { byText, sameTexts } from '../collections.ts';
import { type Context, type Decision, decided, rejected } from '../decision.ts';
import type { IncomingShards } from '../shards/state.ts';
import type { StructureNote, StructureProblem, Synchronization } from './state.ts';

/** `PUT /_api/sync/structure`: what the receive-inventory task found and did. */
export interface ReportStructure {
  readonly kind: 'report-structure';
  readonly epoch: string;
  readonly sourceDeployment: string;
  readonly shards: readonly ShardRef[];
  readonly problems: readonly StructureProblem[];
  /** Absent: not told. */
  readonly notes?: readonly StructureNote[] | undefined;
  readonly heldDrops: readonly string[];
  readonly changes: readonly string[];
  /** Under which selection it was made. Absent: not told. */
  readonly selectionVersion?: string | undefined;
}
/** An operator lets held drops happen (S1). */
export interface ConfirmDrops {
  readonly kind: 'confirm-drops';
  /** `database/collection`; all held ones when empty. */
  readonly collections: readonly string[];
}

/** Brings the wanted shards, problems and held drops in line with a report; a repeated report changes nothing. */
export function reportStructure(
  state: Synchronization,
  shards: IncomingShards,
  command: ReportStructure,
  context: Context,
): Decision {
  if (state.phase !== 'active') return rejected(412, 'not-active', `the synchronization is ${state.phase}`);
  if (command.epoch !== state.configuration?.epoch) {
    return rejected(412, 'other-epoch', `the report is of epoch ${command.epoch}, which has ended`);
  }
  const known = state.identity?.deploymentId;
  if (command.sourceDeployment !== known) {
    const reason = `the inventory came from deployment ${command.sourceDeployment}, the source is ${known ?? 'not identified'}`;
    if (known === undefined) return rejected(412, 'source-not-identified', reason);
    return decided({ type: 'SyncFailed', data: { code: 'source-replaced', reason } });
  }
  const { selection, selectionVersion } = state.configuration;
  if ((command.selectionVersion ?? selectionVersion) !== selectionVersion) {
    // Shards go and come only as whoever looks after the structure sees them go and come: of what comes back it has
    // withdrawn the positions before (S3).
    return decided(...structureChanges(command));
  }
  return decided(
    ...structureChanges(command),
    ...shardChanges(shards, command.shards, new Selector(selection), context),
    ...problemChanges(state, command),
    ...noteChanges(state, command),
    ...heldDropChanges(state, command),
  );
}

/** Confirms drops that are held; 404 names what is not. */
export function confirmDrops(state: Synchronization, command: ConfirmDrops): Decision {
  const unknown = command.collections.filter((name) => !state.heldDrops.includes(name));
  if (unknown.length > 0) return rejected(404, 'drop-not-held', `no drop is held of ${unknown.join(', ')}`);
  const wanted = command.collections.length === 0 ? state.heldDrops : command.collections;
  const collections = [...new Set(wanted)].filter((name) => !state.confirmedDrops.includes(name)).sort(byText);
  return collections.length === 0 ? decided() : decided({ type: 'DropsConfirmed', data: { collections } });
}

function structureChanges({ changes }: ReportStructure): readonly NewEvent[] {
  return changes.length === 0 ? [] : [{ type: 'StructureChanged', data: { changes } }];
}

/** The first report is recorded also when the source has no shards: only then is it known that there are none. */
function shardChanges(
  known: IncomingShards,
  reported: readonly ShardRef[],
  selector: Selector,
  context: Context,
): readonly NewEvent[] {
  const isTaken = ({ database, collection }: ShardRef) => selector.takes(database, collection);
  const wanted = new Map(reported.filter(isTaken).map((shard) => [shardKey(shard), shard]));
  const removed = [...known.byKey].filter(([key]) => !wanted.has(key)).map(([, { shard }]) => shard);
  const added = [...wanted].filter(([key]) => !known.byKey.has(key)).map(([, shard]) => withChannels(shard, context));
  removed.sort((a, b) => byText(shardKey(a), shardKey(b)));
  const events = [
    ...removal(removed.filter(isTaken), { reason: 'the source no longer has them' }),
    ...removal(
      removed.filter((shard) => !isTaken(shard)),
      { reason: 'they are not selected any longer', leftOut: true },
    ),
  ];
  if (added.length > 0 || !known.reported) events.push({ type: 'ShardsAdded', data: { shards: added } });
  return events;
}

function removal(shards: readonly ShardRef[], why: Omit<EventData<'ShardsRemoved'>, 'shards'>): NewEvent[] {
  return shards.length === 0 ? [] : [{ type: 'ShardsRemoved', data: { shards, ...why } }];
}

function withChannels({ database, collection, shardIndex }: ShardRef, context: Context): ShardWithChannels {
  return {
    shard: { database, collection, shardIndex },
    channels: { data: context.newChannel(), control: context.newChannel() },
  };
}

function problemChanges(state: Synchronization, { problems }: ReportStructure): readonly NewEvent[] {
  const texts = (list: readonly StructureProblem[]) =>
    list.map(({ database, collection, reason }) => JSON.stringify([database, collection, reason]));
  if (sameTexts(texts(state.problems), texts(problems))) return [];
  return [{ type: 'StructureProblemsChanged', data: { problems } }];
}

function noteChanges(state: Synchronization, { notes }: ReportStructure): readonly NewEvent[] {
  const texts = (list: readonly StructureNote[]) => list.map((note) => JSON.stringify(note));
  if (notes === undefined || sameTexts(texts(state.notes), texts(notes))) return [];
  return [{ type: 'StructureNotesChanged', data: { notes } }];
}

function heldDropChanges(state: Synchronization, { heldDrops }: ReportStructure): readonly NewEvent[] {
  if (sameTexts(state.heldDrops, heldDrops)) return [];
  return [{ type: 'DropsHeld', data: { collections: [...new Set(heldDrops)].sort(byText) } }];
}
