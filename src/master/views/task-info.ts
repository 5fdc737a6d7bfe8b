import type { Task } from '../../domain/tasks/state.ts';
import { targetNameOf } from '../../replication/system-collections.ts';
import type { TaskInfo } from '../../wire/task-info.ts';

/** A task as operators see it. */
export function taskInfo(task: Task): TaskInfo {
  const { taskId, type, channels, peerId, shard, workerId, assignedAt, counter } = task;
  return {
    id: taskId,
    task: {
      type,
      persistent: type === 'send-inventory' || type === 'receive-inventory',
      channels: { data: channels.data, ...(channels.control === undefined ? {} : { control: channels.control }) },
      ...(type.startsWith('send-') ? { target_id: peerId } : {}),
      ...(shard === undefined ? {} : { ...shard, collection: nameHere(type, shard.collection) }),
    },
    assignment: {
      worker_id: workerId ?? '',
      ...(assignedAt === null ? {} : { created_at: assignedAt }),
      counter,
    },
  };
}

/** A receive task carries the name under which the target keeps the collection, everything else the source's (§8). */
function nameHere(type: Task['type'], collection: string): string {
  return type === 'receive-shard' ? targetNameOf(collection) : collection;
}
