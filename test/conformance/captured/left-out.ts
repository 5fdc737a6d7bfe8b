/** Captured answers that the embedded server cannot give, and why. Steps of one name count apart. */
export const leftOut: readonly { readonly name: string; readonly step?: number; readonly reason: string }[] = [
  ...[1, 2, 3, 4].map((step) => ({
    name: 'job_cancel',
    step,
    reason: 'needs AQL: the job that is cancelled is a query that sleeps',
  })),
  ...[1, 2, 3].map((step) => ({
    name: 'job_getByType_03',
    step,
    reason: 'needs server-side JavaScript: the pending job is a function that sleeps',
  })),
  ...[1, 2].map((step) => ({
    name: 'job_getStatusById_02',
    step,
    reason: 'needs server-side JavaScript: the pending job is a function that sleeps',
  })),
  { name: 'RestTransactionMulti', reason: 'needs server-side JavaScript: the transaction is a function' },
];
