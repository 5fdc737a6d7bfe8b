import { asked, collection, type Scenario } from '../scenario.ts';

/** People and their relations, as the vendor's examples have them: calls 1 to 9. */
const social = [
  'POST /_api/gharial {"name":"social","edgeDefinitions":[{"collection":"relation","from":["female","male"],"to":["female","male"]}],"orphanCollections":[],"options":{}}',
  'POST /_api/document/female {"_key":"alice","name":"Alice"}',
  'POST /_api/document/female {"_key":"diana","name":"Diana"}',
  'POST /_api/document/male {"_key":"bob","name":"Bob"}',
  'POST /_api/document/male {"_key":"charly","name":"Charly"}',
  'POST /_api/document/relation {"_from":"female/alice","_to":"male/bob","type":"married","vertex":"alice"}',
  'POST /_api/document/relation {"_from":"female/alice","_to":"male/charly","type":"friend","vertex":"alice"}',
  'POST /_api/document/relation {"_from":"male/charly","_to":"female/diana","type":"married","vertex":"charly"}',
  'POST /_api/document/relation {"_from":"male/bob","_to":"female/diana","type":"friend","vertex":"bob"}',
];
const graph = '/_api/gharial/social';
const alice = `${graph}/vertex/female/alice`;
const marriage = `${graph}/edge/relation/{6._key}`;

function created(name: string, body: string): Scenario {
  return asked(name, `POST /_api/gharial ${body}`);
}

const startToEnd = '"edgeDefinitions":[{"collection":"edges","from":["startNodes"],"to":["endNodes"]}]';

const nodes = ['1', '2', '3', '4'].map((key) => `POST /_api/document/nodes {"_key":"${key}"}`);
const edges = [
  ['nodes/1', 'nodes/3', '5', 'v1 -> v3'],
  ['nodes/2', 'nodes/1', '6', 'v2 -> v1'],
  ['nodes/4', 'nodes/1', '7', 'v4 -> v1'],
].map(
  ([from, to, key, label]) =>
    `POST /_api/document/edges {"_from":"${from}","_to":"${to}","_key":"${key}","$label":"${label}"}`,
);
const star = [collection('nodes'), collection('edges', 3), ...nodes, ...edges];

export const graphs: readonly Scenario[] = [
  asked(
    'HttpGharialAddEdge',
    `POST ${graph}/edge/relation {"type":"friend","_from":"female/alice","_to":"female/diana"}`,
    ...social,
  ),
  asked('HttpGharialAddVertex', `POST ${graph}/vertex/male {"name":"Francis"}`, ...social),
  asked('HttpGharialAddVertexCol', `POST ${graph}/vertex {"collection":"otherNodes"}`, ...social),
  created('HttpGharialCreate', `{"name":"myGraph",${startToEnd}}`),
  created(
    'HttpGharialCreateDisjointSmart',
    `{"name":"disjointSmartGraph",${startToEnd},"orphanCollections":["orphanNodes"],"isSmart":true,"options":{"isDisjoint":true,"replicationFactor":2,"numberOfShards":9,"smartGraphAttribute":"region"}}`,
  ),
  created(
    'HttpGharialCreateEnterprise',
    `{"name":"enterpriseGraph",${startToEnd},"orphanCollections":[],"isSmart":true,"options":{"replicationFactor":2,"numberOfShards":9}}`,
  ),
  created(
    'HttpGharialCreateSatellite',
    `{"name":"satelliteGraph",${startToEnd},"orphanCollections":[],"options":{"replicationFactor":"satellite"}}`,
  ),
  created(
    'HttpGharialCreateSmart',
    `{"name":"smartGraph",${startToEnd},"orphanCollections":["orphanNodes"],"isSmart":true,"options":{"replicationFactor":2,"numberOfShards":9,"smartGraphAttribute":"region"}}`,
  ),
  created(
    'HttpGharialCreateSmartWithSatellites',
    `{"name":"smartGraph",${startToEnd},"orphanCollections":["orphanNodes"],"isSmart":true,"options":{"replicationFactor":2,"numberOfShards":9,"smartGraphAttribute":"region","satellites":["endNodes"]}}`,
  ),
  asked('HttpGharialDeleteEdge', `DELETE ${marriage}`, ...social),
  asked('HttpGharialDeleteVertex', `DELETE ${alice}`, ...social),
  asked('HttpGharialDrop', `DELETE ${graph}?dropCollections=true`, ...social),
  asked('HttpGharialEdgeDefinitionRemove', `DELETE ${graph}/edge/relation`, ...social),
  asked(
    'HttpGharialGetGraph',
    'GET /_api/gharial/myGraph',
    `POST /_api/gharial {"name":"myGraph",${startToEnd},"orphanCollections":[],"options":{}}`,
  ),
  asked('HttpGharialGetVertex', `GET ${alice}`, ...social),
  asked('HttpGharialListEdge', `GET ${graph}/edge`, ...social),
  asked('HttpGharialListVertex', `GET ${graph}/vertex`, ...social),
  asked('HttpGharialModifyVertex', `PATCH ${alice} {"age":26}`, ...social),
  asked('HttpGharialPatchEdge', `PATCH ${marriage} {"since":"01.01.2001"}`, ...social),
  asked('HttpGharialPutEdge', `PUT ${marriage} {"type":"divorced","_from":"female/alice","_to":"male/bob"}`, ...social),
  asked('HttpGharialRemoveVertexCollectionFailed', `DELETE ${graph}/vertex/male`, ...social),
  asked(
    'HttpGharialReplaceEdgeCol',
    `PUT ${graph}/edge/relation {"collection":"relation","from":["female","male","animal"],"to":["female","male","animal"]}`,
    ...social,
  ),
  asked('HttpGharialReplaceVertex', `PUT ${alice} {"name":"Alice Cooper","age":26}`, ...social),
  asked('RestEdgesReadEdgesIn', 'GET /_api/edges/edges?vertex=nodes/1&direction=in', ...star),
  asked('RestEdgesReadEdgesOut', 'GET /_api/edges/edges?vertex=nodes/1&direction=out', ...star),
];
