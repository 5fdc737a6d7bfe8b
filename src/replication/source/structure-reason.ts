import { MARKER, type MarkerCursor } from '../markers.ts';
import { StreamBroken } from './broken.ts';

/** S14: what happens to a followed shard as a whole cannot be told as operations. */
export function structureReason({ type, tick }: MarkerCursor): StreamBroken | undefined {
  if (type === MARKER.collectionTruncate) {
    return new StreamBroken('truncated', `the shard was truncated as a whole at tick ${tick}`, { catchUp: 'any' });
  }
  if (type === MARKER.collectionCreate || type === MARKER.collectionDrop) {
    const what = type === MARKER.collectionCreate ? 'made' : 'dropped';
    return new StreamBroken('shard-changed', `the shard was ${what} on its server at tick ${tick}`, { catchUp: 'any' });
  }
  return undefined;
}
