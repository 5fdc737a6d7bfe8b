/** An event as it stands in a commit. */
export interface Event {
  /** ULID. */
  readonly id: string;
  readonly type: string;
  /** Schema version of `data`. */
  readonly v: number;
  readonly data: unknown;
}
