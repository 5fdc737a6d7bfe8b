/** What handlers may ask of the cluster as a whole. */
export interface ClusterView {
  /** In order of their short names. */
  servers(): readonly ClusterServer[];
  server(id: string): ClusterServer | undefined;
}

export interface ClusterServer {
  readonly id: string;
  readonly role: 'coordinator' | 'dbserver' | 'agent';
  /** `DBServer0001`, `Coordinator0001`. */
  readonly shortName: string;
  readonly endpoint: string;
  /** As health tells it (2.6). */
  readonly status: 'GOOD' | 'BAD' | 'FAILED';
}
