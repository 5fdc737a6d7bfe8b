import { describe, expect, it } from 'vitest';
import { event } from './examples.ts';
import { given } from './given.ts';

const NONE = { bytesPerSecond: null, operationsPerSecond: null };
const unlimited = { sourceRead: NONE, link: NONE, targetWrite: NONE };
const MIB = 1024 * 1024;

describe('the limits of a datacenter', () => {
  it('are none, and can be set one by one', () => {
    expect(given().control.settings.throttle).toEqual(unlimited);
    const first = { ...unlimited, sourceRead: { bytesPerSecond: MIB, operationsPerSecond: null } };
    const { control } = given()
      .when({ kind: 'set-throttle', sourceRead: { bytesPerSecond: MIB } })
      .thenThese(event('ThrottleSet', first));
    expect(control.settings.throttle).toEqual(first);
    given(event('ThrottleSet', first))
      .when({ kind: 'set-throttle', sourceRead: { operationsPerSecond: 500 }, link: { bytesPerSecond: 2 * MIB } })
      .thenThese(
        event('ThrottleSet', {
          ...unlimited,
          sourceRead: { bytesPerSecond: MIB, operationsPerSecond: 500 },
          link: { bytesPerSecond: 2 * MIB, operationsPerSecond: null },
        }),
      );
  });

  it('are taken away by null', () => {
    given(event('ThrottleSet', { ...unlimited, targetWrite: { bytesPerSecond: MIB, operationsPerSecond: 100 } }))
      .when({ kind: 'set-throttle', targetWrite: NONE })
      .thenThese(event('ThrottleSet', unlimited));
  });

  it('are recorded once', () => {
    given().when({ kind: 'set-throttle', link: NONE }).thenNothing();
  });

  it.each([
    { bytesPerSecond: 64 * 1024 - 1 },
    { bytesPerSecond: 0 },
    { bytesPerSecond: 70_000.5 },
    { operationsPerSecond: 99 },
    { operationsPerSecond: Number.NaN },
  ])('are refused where one document could stop everything: %o', (link) => {
    given().when({ kind: 'set-throttle', link }).thenRefused(400, 'bad-throttle');
  });
});
