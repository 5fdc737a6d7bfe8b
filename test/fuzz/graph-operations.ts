import { call } from './calls.ts';
import { forget } from './collection-operations.ts';
import { documentOf, MAY_REFUSE } from './document-text.ts';
import { DONE_BEFORE, type Operation } from './operation.ts';
import type { FuzzCollection, FuzzDatabase, FuzzGraph, World } from './world.ts';

export const graphOperations: readonly Operation[] = [
  { weight: 1.5, run: createGraph },
  { weight: 1, run: changeGraph },
  { weight: 1.5, run: writeThroughGraph },
  { weight: 0.8, run: dropGraph },
];

/** The edge collection may belong to another graph with another definition; a graph may have changed behind a lost answer. */
const MAY_NOT_DO = [1920, 1921, 1925, 1926, 1928, 1929, 1930, 1938];

const edgesOf = ({ collections }: FuzzDatabase) => collections.filter(({ isEdge }) => isEdge);
const verticesOf = ({ collections }: FuzzDatabase) => collections.filter(({ isEdge }) => !isEdge);
const hasBothKinds = (each: FuzzDatabase) => edgesOf(each).length > 0 && verticesOf(each).length > 0;
const hasGraphs = ({ graphs }: FuzzDatabase) => graphs.length > 0;

async function createGraph(world: World): Promise<string | undefined> {
  const { dice } = world;
  const database = world.someDatabase(hasBothKinds);
  if (database === undefined) return undefined;
  const edge = dice.pick(edgesOf(database));
  const vertex = dice.pick(verticesOf(database));
  const name = world.newName('graph');
  const body = { name, edgeDefinitions: [definition(edge, vertex)] };
  const path = '/_api/gharial';
  const query = { waitForSync: dice.oneIn(3) };
  const { done } = await call(world, {
    method: 'POST',
    path,
    database: database.name,
    query,
    body,
    mayFailWith: MAY_NOT_DO,
  });
  if (!done) return undefined;
  for (const { graphs } of [edge, vertex]) graphs.add(name);
  database.graphs.push({ name, edges: new Map([[edge, vertex]]), orphans: new Set() });
  return `create graph ${database.name}/${name}`;
}

function definition(edge: FuzzCollection, vertex: FuzzCollection): object {
  return { collection: edge.name, from: [vertex.name], to: [vertex.name] };
}

/** Another edge definition, one less, or a vertex collection without edges. */
async function changeGraph(world: World): Promise<string | undefined> {
  const { dice } = world;
  const database = world.someDatabase((each) => hasGraphs(each) && hasBothKinds(each));
  if (database === undefined) return undefined;
  const graph = dice.pick(database.graphs);
  const edge = dice.pick(edgesOf(database));
  const vertex = dice.pick(verticesOf(database));
  const at = `/_api/gharial/${graph.name}`;
  const where = { database: database.name, mayFailWith: MAY_NOT_DO };
  if (dice.oneIn(3)) {
    const { done } = await call(world, {
      method: 'POST',
      path: `${at}/vertex`,
      body: { collection: vertex.name },
      ...where,
    });
    if (!done) return undefined;
    graph.orphans.add(vertex);
    vertex.graphs.add(graph.name);
    return `add ${vertex.name} to graph ${database.name}/${graph.name}`;
  }
  if (graph.edges.has(edge)) {
    const path = `${at}/edge/${encodeURIComponent(edge.name)}`;
    const { done } = await call(world, { method: 'DELETE', path, ...where });
    if (!done) return undefined;
    // Its vertex collections stay in the graph.
    const left = graph.edges.get(edge);
    if (left !== undefined) graph.orphans.add(left);
    graph.edges.delete(edge);
    edge.graphs.delete(graph.name);
    return `take ${edge.name} out of graph ${database.name}/${graph.name}`;
  }
  const { done } = await call(world, { method: 'POST', path: `${at}/edge`, body: definition(edge, vertex), ...where });
  if (!done) return undefined;
  graph.edges.set(edge, vertex);
  for (const { graphs } of [edge, vertex]) graphs.add(graph.name);
  return `add ${edge.name} to graph ${database.name}/${graph.name}`;
}

/** Vertices, and edges between vertices that are there: a removed vertex takes its edges with it. */
async function writeThroughGraph(world: World): Promise<string | undefined> {
  const { dice } = world;
  const database = world.someDatabase(({ graphs }) => graphs.some(({ edges }) => edges.size > 0));
  if (database === undefined) return undefined;
  const graph = dice.pick(database.graphs.filter(({ edges }) => edges.size > 0));
  const [edge, vertex] = dice.pick([...graph.edges]);
  const at = `/_api/gharial/${graph.name}`;
  const where = { database: database.name, mayFailWith: [...MAY_REFUSE, ...MAY_NOT_DO, 1203, 1466] };
  const [from = '', to = ''] = world.someKeys(vertex, 2);
  if (from !== '' && dice.oneIn(4)) {
    const path = `${at}/vertex/${encodeURIComponent(vertex.name)}/${encodeURIComponent(from)}`;
    await call(world, { method: 'DELETE', path, ...where });
    vertex.keys.splice(0, Infinity, ...vertex.keys.filter((key) => key !== from));
    return `remove a vertex of graph ${database.name}/${graph.name}`;
  }
  const into = to !== '' && dice.oneIn(2) ? edge : vertex;
  const key = into.shardedBy === '_key' ? world.newKey() : undefined;
  const text = documentOf(world, { ...into, isEdge: false }, key);
  const ends = `"_from":"${vertex.name}/${from}","_to":"${vertex.name}/${to === '' ? from : to}"`;
  const body = into === edge ? `{${ends},${text.slice(1)}` : text;
  const path = `${at}/${into === edge ? 'edge' : 'vertex'}/${encodeURIComponent(into.name)}`;
  const { done } = await call(world, { method: 'POST', path, body, ...where });
  if (done && key !== undefined) into.keys.push(key);
  return `insert ${into === edge ? 'an edge' : 'a vertex'} of graph ${database.name}/${graph.name}`;
}

async function dropGraph(world: World): Promise<string | undefined> {
  const database = world.someDatabase(hasGraphs);
  if (database === undefined) return undefined;
  const graph = world.dice.pick(database.graphs);
  // Whether one that others are distributed like could go depends on the order: then none does.
  const own = collectionsOf(graph).filter((each) => each.graphs.size === 1 && !each.isPrototype && !world.isHeld(each));
  const dropCollections = own.length === collectionsOf(graph).length && world.dice.oneIn(3);
  await call(world, {
    method: 'DELETE',
    path: `/_api/gharial/${graph.name}`,
    database: database.name,
    query: { dropCollections },
    mayFailWith: DONE_BEFORE.gone,
  });
  database.graphs.splice(database.graphs.indexOf(graph), 1);
  for (const { graphs } of database.collections) graphs.delete(graph.name);
  if (dropCollections) for (const collection of own) forget(world, collection);
  return `drop graph ${database.name}/${graph.name}${dropCollections ? ` with ${own.map(({ name }) => name).join()}` : ''}`;
}

function collectionsOf({ edges, orphans }: FuzzGraph): FuzzCollection[] {
  return [...new Set([...edges.keys(), ...edges.values(), ...orphans])];
}
