import { asked, collection, type Scenario } from '../scenario.ts';

const products = collection('products');
const index = 'POST /_api/index?collection=products';
const books = collection('books');
const plainView = 'POST /_api/view {"name":"productsView","type":"arangosearch"}';
const linkedView =
  'POST /_api/view {"links":{"books":{"fields":{"title":{"analyzers":["text_en"]}}}},"name":"productsView","type":"arangosearch"}';
const invertedTitle =
  'POST /_api/index?collection=books {"type":"inverted","name":"inv-idx","fields":[{"name":"title","analyzer":"text_en"}]}';
const aliasView =
  'POST /_api/view {"indexes":[{"collection":"books","index":"inv-idx"}],"name":"productsView","type":"search-alias"}';
const twoInverted = [
  books,
  'POST /_api/index?collection=books {"type":"inverted","name":"inv_title","fields":["title"]}',
  'POST /_api/index?collection=books {"type":"inverted","name":"inv_descr","fields":["description"]}',
  'POST /_api/view {"indexes":[{"collection":"books","index":"inv_title"}],"name":"productsView","type":"search-alias"}',
];
const testAnalyzer = 'POST /_api/analyzer {"name":"testAnalyzer","type":"identity"}';

export const definitions: readonly Scenario[] = [
  asked('RestAnalyzerPost', testAnalyzer),
  asked('RestAnalyzerGet', 'GET /_api/analyzer/testAnalyzer', testAnalyzer),
  asked('RestAnalyzerDelete', 'DELETE /_api/analyzer/testAnalyzer', testAnalyzer),
  { name: 'RestAnalyzersGet', calls: ['GET /_api/analyzer'], isUnordered: true },

  asked(
    'RestIndexAllIndexes',
    'GET /_api/index?collection=products',
    products,
    `${index} {"type":"persistent","fields":["name"]}`,
    `${index} {"type":"persistent","fields":["price"],"sparse":true}`,
  ),
  asked('RestIndexCreateGeoLatitudeLongitude', `${index} {"type":"geo","fields":["e","f"]}`, products),
  asked('RestIndexCreateGeoLocation', `${index} {"type":"geo","fields":["b"]}`, products),
  asked('RestIndexCreateNewFulltext', `${index} {"type":"fulltext","fields":["text"]}`, products),
  asked(
    'RestIndexCreateNewInverted',
    `${index} {"type":"inverted","fields":["a",{"name":"b","analyzer":"text_en"}]}`,
    products,
  ),
  asked(
    'RestIndexCreateNewMdi',
    'POST /_api/index?collection=intervals {"type":"mdi","fields":["from","to"],"fieldValueTypes":"double"}',
    collection('intervals'),
  ),
  asked(
    'RestIndexCreateNewMdiPrefixed',
    'POST /_api/index?collection=intervals {"type":"mdi-prefixed","fields":["from","to"],"fieldValueTypes":"double","prefixFields":["year","month"]}',
    collection('intervals'),
  ),
  asked('RestIndexCreateNewPersistent', `${index} {"type":"persistent","unique":false,"fields":["a","b"]}`, products),
  asked(
    'RestIndexCreateSparsePersistent',
    `${index} {"type":"persistent","unique":false,"sparse":true,"fields":["a"]}`,
    products,
  ),
  asked(
    'RestIndexDeleteUniquePersistent',
    'DELETE /_api/index/{2.id}',
    products,
    `${index} {"type":"persistent","fields":["a","b"]}`,
  ),
  asked('RestIndexPrimaryIndex', 'GET /_api/index/products/0', products),

  asked('RestViewDeleteViewIdentifierArangoSearch', 'DELETE /_api/view/{1.id}', plainView),
  asked('RestViewDeleteViewNameArangoSearch', 'DELETE /_api/view/productsView', plainView),
  asked(
    'RestViewGetAllViews',
    'GET /_api/view',
    'POST /_api/view {"name":"demoView","type":"arangosearch"}',
    'POST /_api/view {"name":"productsView","type":"search-alias"}',
    'POST /_api/view {"name":"reviewsView","type":"arangosearch"}',
  ),
  asked('RestViewGetViewIdentifierArangoSearch', 'GET /_api/view/{1.id}', plainView),
  asked('RestViewGetViewNameArangoSearch', 'GET /_api/view/productsView', plainView),
  asked('RestViewGetViewPropertiesIdentifierArangoSearch', 'GET /_api/view/{2.id}/properties', books, linkedView),
  asked('RestViewGetViewPropertiesNameArangoSearch', 'GET /_api/view/productsView/properties', books, linkedView),
  asked(
    'RestViewGetViewPropertiesIdentifierSearchAlias',
    'GET /_api/view/{3.id}/properties',
    books,
    invertedTitle,
    aliasView,
  ),
  asked(
    'RestViewGetViewPropertiesNameSearchAlias',
    'GET /_api/view/productsView/properties',
    books,
    invertedTitle,
    aliasView,
  ),
  asked(
    'RestViewPatchPropertiesArangoSearch',
    'PATCH /_api/view/productsView/properties {"cleanupIntervalStep":12,"links":{"products":null}}',
    collection('users'),
    products,
    'POST /_api/view {"cleanupIntervalStep":666,"commitIntervalMsec":666,"consolidationIntervalMsec":666,"links":{"users":{"includeAllFields":true},"products":{"fields":{"description":{"analyzers":["text_en"]}}}},"name":"productsView","type":"arangosearch"}',
  ),
  asked(
    'RestViewPatchPropertiesSearchAlias',
    'PATCH /_api/view/productsView/properties {"indexes":[{"collection":"books","index":"inv_descr"}]}',
    ...twoInverted,
  ),
  asked('RestViewPostViewArangoSearch', 'POST /_api/view {"name":"products","type":"arangosearch"}'),
  asked(
    'RestViewPostViewSearchAlias',
    'POST /_api/view {"name":"products","type":"search-alias","indexes":[{"collection":"books","index":"inv-idx"}]}',
    books,
    invertedTitle,
  ),
  asked(
    'RestViewPutPropertiesArangoSearch',
    'PUT /_api/view/productsView/properties {"cleanupIntervalStep":12,"links":{"products":{"fields":{"description":{"analyzers":["text_en"]}}}}}',
    collection('users'),
    products,
    'POST /_api/view {"commitIntervalMsec":1337,"links":{"users":{},"products":{}},"name":"productsView","type":"arangosearch"}',
  ),
  asked(
    'RestViewPutPropertiesSearchAlias',
    'PUT /_api/view/productsView/properties {"indexes":[{"collection":"books","index":"inv_descr"}]}',
    ...twoInverted,
  ),
  asked('RestViewPutRename', 'PUT /_api/view/productsView/rename {"name":"catalogView"}', plainView),
];
