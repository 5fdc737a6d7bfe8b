import type { ArangoDeployment } from '../arango.ts';
import type { Inventory } from '../inventory.ts';
import { KnownUsers } from '../users/known-users.ts';

export type UsersTold = Pick<Inventory, 'users' | 'usersProblem'>;

/** The source's users for the inventory: as long as an inventory is sent to somebody, and never without a word otherwise. */
export class ToldUsers {
  readonly #known: KnownUsers;
  #wanted = 0;

  constructor(deployment: ArangoDeployment) {
    this.#known = new KnownUsers(deployment);
  }

  get isWanted(): boolean {
    return this.#wanted > 0;
  }

  /** An inventory goes out from now on, until what is returned is called. */
  want(): () => void {
    this.#wanted += 1;
    return () => {
      this.#wanted -= 1;
      if (this.#wanted === 0) this.#known.forget();
    };
  }

  async tell(signal: AbortSignal): Promise<UsersTold> {
    if (!this.isWanted) return {};
    try {
      const { users, strangers } = await this.#known.read(signal);
      if (strangers === 0) return { users: [...users] };
      return {
        users: [...users],
        usersProblem: `documents of _users that name no user are not replicated: ${strangers}`,
      };
    } catch (error) {
      signal.throwIfAborted();
      const reason = error instanceof Error ? error.message : String(error);
      return { usersProblem: `the source's users cannot be read: ${reason}` };
    }
  }
}
