const prefix = 'token until ';

/** A worker's token for the simulated database; it ends by the database's own clock (S4). */
export function tokenUntil(expiresAtS: number): string {
  return `${prefix}${expiresAtS}`;
}

/** Milliseconds of the database's clock. */
export function endOfToken(token: string): number {
  return Number(token.slice(prefix.length)) * 1_000;
}
