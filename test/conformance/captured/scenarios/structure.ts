import { asked, collection, type Scenario, syncedCollection } from '../scenario.ts';

const products = collection('products');
const test = '/_api/collection/testCollection';
const threeShards = 'POST /_api/collection {"numberOfShards":3,"name":"testCollection","type":2}';
const oneDocument = 'POST /_api/document/products {"test":"hello"}';
const flushed = 'PUT /_admin/wal/flush?waitForSync=true&waitForCollector=true';
const hundredDocuments = Array.from({ length: 100 }, (_, count) => `POST /_api/document/products {"count":${count}}`);

export const structure: readonly Scenario[] = [
  asked('RestApiCollectionCompact', `PUT ${test}/compact`, collection('testCollection')),
  asked(
    'RestCollectionCreateKeyopt',
    'POST /_api/collection {"name":"testCollectionUsers","keyOptions":{"type":"autoincrement","increment":5,"allowUserKeys":true}}',
  ),
  asked('RestCollectionDeleteCollectionIdentifier', 'DELETE /_api/collection/{1.id}', syncedCollection('products1')),
  asked('RestCollectionDeleteCollectionName', 'DELETE /_api/collection/products1', collection('products1')),
  asked(
    'RestCollectionDeleteCollectionSystem',
    'DELETE /_api/collection/_example?isSystem=true',
    'POST /_api/collection {"isSystem":true,"name":"_example","type":2}',
  ),
  {
    name: 'RestCollectionGetAllCollections',
    before: ['demo', 'mycollection', 'animals', 'ignore'].map((name) => `POST /_api/collection {"name":"${name}"}`),
    calls: ['GET /_api/collection'],
    isUnordered: true,
  },
  asked(
    'RestCollectionGetCollectionChecksum',
    'GET /_api/collection/products/checksum',
    products,
    'POST /_api/document/products {"foo":"bar"}',
  ),
  asked(
    'RestCollectionGetCollectionChecksumNoRev',
    'GET /_api/collection/products/checksum?withRevisions=false&withData=true',
    products,
    'POST /_api/document/products {"foo":"bar"}',
  ),
  asked(
    'RestCollectionGetCollectionCount',
    'GET /_api/collection/products/count',
    syncedCollection('products'),
    ...hundredDocuments,
  ),
  asked('RestCollectionGetCollectionFigures', 'GET /_api/collection/products/figures', products, oneDocument, flushed),
  asked(
    'RestCollectionGetCollectionFiguresDetails',
    'GET /_api/collection/products/figures?details=true',
    products,
    oneDocument,
    flushed,
  ),
  asked(
    'RestCollectionGetCollectionIdentifier',
    'GET /_api/collection/{1.id}/properties',
    syncedCollection('products'),
  ),
  asked('RestCollectionGetCollectionName', 'GET /_api/collection/products/properties', syncedCollection('products')),
  asked('RestCollectionGetKeyGenerators', 'GET /_api/key-generators'),
  asked(
    'RestCollectionIdentifierLoadIndexesIntoMemory',
    'PUT /_api/collection/products/loadIndexesIntoMemory',
    products,
  ),
  asked('RestCollectionIdentifierLoad', 'PUT /_api/collection/products/load', syncedCollection('products')),
  asked(
    'RestCollectionIdentifierPropertiesSync',
    'PUT /_api/collection/products/properties {"waitForSync":true}',
    syncedCollection('products'),
  ),
  asked(
    'RestCollectionIdentifierRename',
    'PUT /_api/collection/products1/rename {"name":"newname"}',
    collection('products1'),
  ),
  asked('RestCollectionIdentifierTruncate', 'PUT /_api/collection/products/truncate', syncedCollection('products')),
  asked('RestCollectionIdentifierUnload', 'PUT /_api/collection/products/unload', syncedCollection('products')),
  {
    name: 'RestGetResponsibleShardExample',
    deployment: 'cluster',
    before: ['POST /_api/collection {"numberOfShards":3,"shardKeys":["_key"],"name":"testCollection","type":2}'],
    calls: [`PUT ${test}/responsibleShard {"_key":"testkey","value":23}`],
  },
  { name: 'RestGetShards', deployment: 'cluster', before: [threeShards], calls: [`GET ${test}/shards`] },
  {
    name: 'RestGetShardsWithDetails',
    deployment: 'cluster',
    before: [threeShards],
    calls: [`GET ${test}/shards?details=true`],
  },
  asked(
    'RestDatabaseCreate',
    'POST /_db/_system/_api/database {"name":"example","options":{"sharding":"flexible","replicationFactor":3}}',
  ),
  asked(
    'RestDatabaseDrop',
    'DELETE /_db/_system/_api/database/example',
    'POST /_db/_system/_api/database {"name":"example","options":{},"users":[]}',
  ),
  asked('RestDatabaseGet', 'GET /_db/_system/_api/database'),
  asked('RestDatabaseGetInfo', 'GET /_api/database/current'),
  asked('RestEngine', 'GET /_api/engine'),
  asked('RestVersion', 'GET /_api/version'),
  asked('RestVersionDetails', 'GET /_api/version?details=true'),
  { name: 'RestAdminStatus', deployment: 'cluster', isAskedOfAnother: true, calls: ['GET /_admin/status'] },
];
