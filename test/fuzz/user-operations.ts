import { call } from './calls.ts';
import { DONE_BEFORE, type Operation } from './operation.ts';
import type { World } from './world.ts';

const USERS_MAX = 6;

export const userOperations: readonly Operation[] = [
  { weight: 1.5, run: createUser },
  { weight: 2, run: grant },
  { weight: 1, run: changeUser },
  { weight: 0.4, run: dropUser },
];

async function createUser(world: World): Promise<string | undefined> {
  const { dice } = world;
  if (world.users.length >= USERS_MAX) return undefined;
  const user = dice.pick([world.newName('user'), world.newName('us/er@'), world.newName('用户')]);
  const body = { user, passwd: `secret ${dice.below(1_000)}`, active: !dice.oneIn(4), extra: { team: dice.below(5) } };
  await call(world, { method: 'POST', path: '/_api/user', body, mayFailWith: [1702] });
  world.users.push(user);
  return `create user ${user}`;
}

async function grant(world: World): Promise<string | undefined> {
  const { dice } = world;
  if (world.users.length === 0) return undefined;
  const user = dice.pick(world.users);
  const database = dice.oneIn(6) ? undefined : world.someDatabase();
  const inside = [...(database?.collections.map(({ name }) => name) ?? []), '*'];
  const scope = [database?.name ?? '*', ...(dice.oneIn(2) ? [dice.pick(inside)] : [])];
  const path = `/_api/user/${encodeURIComponent(user)}/database/${scope.map(encodeURIComponent).join('/')}`;
  if (dice.oneIn(5)) await call(world, { method: 'DELETE', path, mayFailWith: DONE_BEFORE.gone });
  else await call(world, { method: 'PUT', path, body: { grant: dice.pick(['rw', 'ro', 'none']) } });
  return `change what ${user} may do in ${scope.join('/')}`;
}

async function changeUser(world: World): Promise<string | undefined> {
  const { dice } = world;
  if (world.users.length === 0) return undefined;
  const user = dice.pick(world.users);
  const body = dice.pick([
    { passwd: `other ${dice.below(1_000)}` },
    { active: dice.oneIn(2) },
    { extra: { team: dice.below(9) } },
    { passwd: `whole ${dice.below(1_000)}`, active: dice.oneIn(2), extra: {} },
  ]);
  // A replacement takes all that was granted away.
  const method = 'passwd' in body && 'extra' in body ? 'PUT' : 'PATCH';
  await call(world, { method, path: `/_api/user/${encodeURIComponent(user)}`, body });
  return `change user ${user}: ${method} ${Object.keys(body).join()}`;
}

async function dropUser(world: World): Promise<string | undefined> {
  if (world.users.length < 2) return undefined;
  const user = world.dice.pick(world.users);
  const path = `/_api/user/${encodeURIComponent(user)}`;
  await call(world, { method: 'DELETE', path, mayFailWith: DONE_BEFORE.gone });
  world.users.splice(world.users.indexOf(user), 1);
  return `drop user ${user}`;
}
