import { z } from 'zod';
import { Time } from './time.ts';

/** A task as operators see it; `worker_id` is empty while it is unassigned, `counter` counts assignments. */
export const TaskInfo = z.object({
  id: z.string(),
  task: z.object({
    type: z.enum(['send-inventory', 'receive-inventory', 'send-shard', 'receive-shard']),
    persistent: z.boolean().optional(),
    channels: z.object({ data: z.string(), control: z.string().optional() }),
    target_id: z.string().optional(),
    database: z.string().optional(),
    collection: z.string().optional(),
    shardIndex: z.number().int().optional(),
  }),
  assignment: z.object({
    worker_id: z.string(),
    created_at: Time.optional(),
    counter: z.number().int().optional(),
  }),
});
export type TaskInfo = z.infer<typeof TaskInfo>;
export const TaskList = z.object({ tasks: z.array(TaskInfo) });
