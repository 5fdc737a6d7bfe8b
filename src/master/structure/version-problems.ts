import { sourceUnfitText, targetUnfitText } from '../../domain/synchronization/configure.ts';
import type { SyncPlan } from '../../wire/sync-plan.ts';

interface Versions {
  readonly version: string;
  readonly unfit: readonly string[];
  readonly ownVersion: string;
  readonly ownUnfit: readonly string[];
}

/** What the versions of both sides mean for a synchronization that is only planned yet. */
export function versionProblems({ version, unfit, ownVersion, ownUnfit }: Versions): SyncPlan['problems'] {
  const reasons = [
    ...(unfit.length === 0 ? [] : [sourceUnfitText(unfit)]),
    ...(ownUnfit.length === 0 ? [] : [targetUnfitText(ownUnfit)]),
    ...(isOlder(ownVersion, version) ? [olderText(ownVersion, version)] : []),
  ];
  return reasons.map((reason) => ({ database: '', collection: '', reason }));
}

function olderText(ownVersion: string, version: string): string {
  return (
    `this deployment is ArangoDB ${ownVersion}, older than its source's ${version}: names, settings, indexes and views that ` +
    'it does not know stay away, and are listed in the status'
  );
}

/** By major and minor; patches are of no account. */
function isOlder(own: string, other: string): boolean {
  const [[major, minor], [otherMajor, otherMinor]] = [numbersOf(own), numbersOf(other)];
  return major < otherMajor || (major === otherMajor && minor < otherMinor);
}

function numbersOf(version: string): readonly [number, number] {
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10) || 0);
  return [major, minor];
}
