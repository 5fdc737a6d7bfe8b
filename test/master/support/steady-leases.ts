/** For masters and workers of which none dies: one that a busy machine holds up must not be taken for one that is gone. */
export const steadyLeases = { leaderLeaseMs: 10_000, workerLeaseMs: 10_000, masterLeaseMs: 10_000 };
