import type { World } from './world.ts';

/** Lets `AbortSignal.timeout` follow the simulated time, until what it returns is called. */
export function virtualTimeouts(world: World): () => void {
  const { timeout } = AbortSignal;
  AbortSignal.timeout = (ms: number) => {
    const controller = new AbortController();
    world.plan(ms, () =>
      controller.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError')),
    );
    return controller.signal;
  };
  return () => {
    AbortSignal.timeout = timeout;
  };
}
