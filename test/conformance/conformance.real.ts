import { describe } from 'vitest';
import { defineChecks } from './checks.ts';
import { reachRealTarget } from './real-target.ts';

const target = await reachRealTarget();
const { mode, authentication, endpoints } = target.facts;

describe(`real ArangoDB at ${endpoints[0]}: ${mode}, ${authentication ? 'with' : 'without'} authentication`, () => {
  defineChecks(target);
});
