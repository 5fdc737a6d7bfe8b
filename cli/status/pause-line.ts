import type { PauseInfo } from '../../src/wire/kept-log.ts';

/** Since when a target has paused, and whether `who`, its source, keeps the log that it goes on from. */
export function pauseLine({ since, log }: PauseInfo, who: string): string {
  const why = log.message === undefined ? '' : `: ${log.message}`;
  const kept = {
    kept: `${who} keeps its log until ${log.until}`,
    released: `${who} does not keep its log${why}; shards that it no longer covers are compared after a resumption`,
    unknown: `it is unknown whether ${who} keeps its log${why}`,
  };
  return `Paused since ${since}; ${kept[log.state]}`;
}
