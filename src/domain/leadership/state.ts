import type { KnownEvent } from '../../events/vocabulary.ts';

/** Who leads. Only the log says so; the lease document merely says when to try. */
export interface Leadership {
  /** Highest term ever claimed; 0 before the first claim. */
  readonly term: number;
  /** Null before the first claim and after a resignation. */
  readonly leader: { readonly masterId: string; readonly endpoint: string } | null;
}

export const initialLeadership: Leadership = { term: 0, leader: null };

export function evolveLeadership(state: Leadership, event: KnownEvent): Leadership {
  switch (event.type) {
    case 'LeadershipClaimed': {
      const { term, masterId, endpoint } = event.data;
      return { term, leader: { masterId, endpoint } };
    }
    case 'LeadershipResigned':
      return state.leader?.masterId === event.data.masterId && state.term === event.data.term
        ? { ...state, leader: null }
        : state;
    default:
      return state;
  }
}
