import { describe, it } from 'vitest';
import { given } from './given.ts';

const set = (excluded: boolean) => ({ type: 'RootUserExclusionSet', data: { excluded } }) as const;
const ask = (excluded: boolean) => ({ kind: 'set-root-user-exclusion', excluded }) as const;

describe('whether a target keeps its own user root', () => {
  it('is recorded when a leader is started with another option', () => {
    given().when(ask(true)).thenThese(set(true));
    given(set(true)).when(ask(false)).thenThese(set(false));
  });

  it('is not recorded again', () => {
    given().when(ask(false)).thenNothing();
    given(set(true)).when(ask(true)).thenNothing();
  });
});
