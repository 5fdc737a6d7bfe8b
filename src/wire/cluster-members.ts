import { z } from 'zod';
import { Time } from './time.ts';

export const MasterInfo = z.object({ id: z.string(), endpoint: z.string(), leader: z.boolean().optional() });
export type MasterInfo = z.infer<typeof MasterInfo>;
export const MasterList = z.object({ masters: z.array(MasterInfo) });

export const WorkerInfo = z.object({
  id: z.string(),
  endpoint: z.string(),
  expiresAt: Time,
  /** Never 0 and below 2^53. */
  serverID: z.number().int().positive().meta({ format: 'int64' }),
  host: z.string().optional(),
  dbServerAffinity: z.string().optional(),
  /** It is about to end, and hands its tasks over. */
  leaving: z.boolean().optional(),
});
export type WorkerInfo = z.infer<typeof WorkerInfo>;
export const WorkerList = z.object({ workers: z.array(WorkerInfo) });

export const EndpointList = z.object({ endpoints: z.array(z.string()) });
export const VersionInfo = z.object({ version: z.string(), build: z.string() });
export type VersionInfo = z.infer<typeof VersionInfo>;
export const RoleInfo = z.object({ role: z.enum(['master', 'worker']) });
