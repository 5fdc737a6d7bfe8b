import type { Task } from '../../domain/tasks/state.ts';
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
      ...shard,
    },
    assignment: {
      worker_id: workerId ?? '',
      ...(assignedAt === null ? {} : { created_at: assignedAt }),
      counter,
    },
  };
}
