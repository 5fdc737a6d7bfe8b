import { describe, expect, test } from 'vitest';
import {
  conflictingEdgeCollection,
  describeGraph,
  graphDocument,
  graphOfDocument,
  parseEdgeDefinition,
  parseGraph,
  vertexCollections,
  withEdgeDefinition,
  withOrphan,
  withoutEdgeDefinition,
  withoutOrphan,
  withReplacedEdgeDefinition,
} from '../../../../src/adapters/embedded/definitions/graph.ts';

const knows = { collection: 'knows', from: ['b', 'a', 'b'], to: ['a'] };
const graph = parseGraph({ name: 'g', edgeDefinitions: [knows] }, undefined);

describe('a graph definition', () => {
  test('sorts what its edges join, without repetitions', () => {
    expect(graph.edgeDefinitions).toEqual([{ collection: 'knows', from: ['a', 'b'], to: ['a'] }]);
  });

  test('tells its sharding in a cluster, and in a smart graph everywhere', () => {
    const clustered = parseGraph(
      { name: 'g', edgeDefinitions: [knows], options: { numberOfShards: 3 } },
      { replicationFactor: 2, writeConcern: 1 },
    );
    expect(Object.keys(graphDocument(clustered))).toEqual(
      '_key,numberOfShards,replicationFactor,minReplicationFactor,writeConcern,isSmart,isSatellite,edgeDefinitions,orphanCollections'.split(
        ',',
      ),
    );
    expect(clustered.sharding).toMatchObject({ numberOfShards: 3, replicationFactor: 2 });
    expect(Object.keys(graphDocument(graph))).toEqual(['_key', 'edgeDefinitions', 'orphanCollections']);
    expect(graphDocument(parseGraph({ name: 's', edgeDefinitions: [knows], isSmart: true }, undefined))).toMatchObject({
      isSmart: true,
      initial: 'a',
    });
  });

  test('does not follow a satellite', () => {
    const options = { satellites: ['a'] };
    expect(
      parseGraph({ name: 's', edgeDefinitions: [knows], isSmart: true, options }, undefined).sharding?.initial,
    ).toBe('b');
  });

  test('makes orphans of vertices that nothing joins any more, and takes them back', () => {
    const without = withoutEdgeDefinition(graph, 'knows');
    expect(without.orphanCollections).toEqual(['a', 'b']);
    const replaced = withReplacedEdgeDefinition(
      graph,
      parseEdgeDefinition({ collection: 'knows', from: ['c'], to: ['a'] }),
    );
    expect(replaced.orphanCollections).toEqual(['b']);
    const back = withEdgeDefinition(without, parseEdgeDefinition({ collection: 'knows', from: ['a'], to: ['c'] }));
    expect(back.orphanCollections).toEqual(['b']);
    expect(vertexCollections(back)).toEqual(['a', 'b', 'c']);
  });

  test('adds and removes orphans', () => {
    const more = withOrphan(graph, 'lonely');
    expect(more.orphanCollections).toEqual(['lonely']);
    expect(withoutOrphan(more, 'lonely')).toEqual(graph);
  });

  test.each([
    [1922, () => parseGraph({}, undefined)],
    [1901, () => parseGraph({ name: 'g', edgeDefinitions: {} }, undefined)],
    [1923, () => parseEdgeDefinition('x')],
    [1923, () => parseEdgeDefinition({ collection: 'e', from: [], to: ['a'] })],
    [1941, () => parseEdgeDefinition({ collection: 'e', from: ['a'] })],
    [1920, () => withEdgeDefinition(graph, parseEdgeDefinition(knows))],
    [1930, () => withoutEdgeDefinition(graph, 'other')],
    [1938, () => withOrphan(withOrphan(graph, 'o'), 'o')],
    [1929, () => withOrphan(graph, 'a')],
    [1928, () => withoutOrphan(graph, 'a')],
  ])('refuses with %i', (errorNum, work) => {
    expect(work).toThrow(expect.objectContaining({ errorNum }));
  });

  test('conflicts with a graph that uses an edge collection otherwise', () => {
    const other = parseGraph({ name: 'h', edgeDefinitions: [{ ...knows, to: ['z'] }] }, undefined);
    expect(conflictingEdgeCollection(graph, other)).toBe('knows');
    expect(conflictingEdgeCollection(graph, { ...graph, name: 'h' })).toBeUndefined();
  });

  test('comes back from its document, and shows its revision', () => {
    const smart = parseGraph(
      {
        name: 's',
        edgeDefinitions: [knows],
        isSmart: true,
        options: { smartGraphAttribute: 'region', numberOfShards: 9 },
      },
      undefined,
    );
    expect(graphOfDocument(graphDocument(smart))).toEqual(smart);
    expect(describeGraph(graph, '_r')).toMatchObject({ _rev: '_r', _id: '_graphs/g', name: 'g' });
  });
});
