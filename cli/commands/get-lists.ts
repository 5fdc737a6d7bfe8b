import type { ZodType } from 'zod';
import { MasterList, VersionInfo, WorkerList } from '../../src/wire/cluster-members.ts';
import { TaskList } from '../../src/wire/task-info.ts';
import { withMasters } from '../ask-master.ts';
import { defineCommand } from '../command.ts';
import { masterOptions } from '../master-options.ts';
import { outputOptions, printAnswer } from '../output.ts';
import { formatTable } from '../table.ts';

interface ListCommand<T> {
  readonly words: string;
  readonly summary: string;
  readonly path: string;
  readonly answer: ZodType<T>;
  readonly rowsOf: (answer: T) => readonly (readonly string[])[];
  readonly head: readonly string[];
  /** How many of the columns are shown without `-v`. */
  readonly brief: number;
}

/** A command that asks a master for one list and shows it as a table. */
function listCommand<T>({ words, summary, path, answer: schema, rowsOf, head, brief }: ListCommand<T>) {
  return defineCommand({
    words,
    summary,
    options: { ...masterOptions, ...outputOptions },
    run: async (values, terminal) => {
      const answer = await withMasters(values, terminal, (masters) => masters.ask({ method: 'GET', path }, schema));
      const columns = values.verbose ? head.length : brief;
      const rows = () => rowsOf(answer).map((row) => row.slice(0, columns));
      printAnswer(values.output, answer, () => [formatTable(head.slice(0, columns), rows())], terminal);
      return 0;
    },
  });
}

export const getTasks = listCommand({
  answer: TaskList,
  words: 'get tasks',
  summary: 'List the tasks of this datacenter and who runs them',
  path: '/_api/task',
  head: ['ID', 'Type', 'Shard', 'Worker', 'Target', 'Assigned at', 'Assignments', 'Data channel', 'Control channel'],
  brief: 4,
  rowsOf: ({ tasks }) =>
    tasks.map(({ id, task, assignment }) => [
      id,
      task.type,
      task.database === undefined ? '' : `${task.database}/${task.collection}/${task.shardIndex ?? 0}`,
      assignment?.worker_id || '(unassigned)',
      task.target_id ?? '',
      assignment?.created_at ?? '',
      String(assignment?.counter ?? 0),
      task.channels?.data ?? '',
      task.channels?.control ?? '',
    ]),
});

export const getMasters = listCommand({
  answer: MasterList,
  words: 'get masters',
  summary: 'List the masters of this datacenter',
  path: '/_api/masters',
  head: ['ID', 'Endpoint', 'Leader'],
  brief: 3,
  rowsOf: ({ masters }) => masters.map(({ id, endpoint, leader }) => [id, endpoint, leader ? 'yes' : 'no']),
});

export const getWorkers = listCommand({
  answer: WorkerList,
  words: 'get workers',
  summary: 'List the workers of this datacenter',
  path: '/_api/worker',
  head: ['ID', 'Endpoint', 'Expires at', 'Server ID', 'Host', 'DB-Server'],
  brief: 3,
  rowsOf: ({ workers }) =>
    workers.map((worker) => [
      worker.id,
      worker.endpoint,
      worker.expiresAt,
      String(worker.serverID ?? ''),
      worker.host ?? '',
      worker.dbServerAffinity ?? '',
    ]),
});

export const getVersion = listCommand({
  answer: VersionInfo,
  words: 'get version',
  summary: 'Show the version of the masters',
  path: '/_api/version',
  head: ['Version', 'Build'],
  brief: 2,
  rowsOf: ({ version, build }) => [[version, build]],
});
