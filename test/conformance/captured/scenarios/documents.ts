import { asked, collection, type Scenario, syncedCollection } from '../scenario.ts';

const products = collection('products');
const synced = syncedCollection('products');
const hello = 'POST /_api/document/products {"hello":"world"}';
const hello2 = 'POST /_api/document/products {"hello2":"world"}';
const tvAndBook = 'POST /_api/document/products [{"_key":"1","type":"tv"},{"_key":"2","type":"cookbook"}]';
const first = '/_api/document/products/{2._key}';

export const documents: readonly Scenario[] = [
  asked('RestDocumentHandlerDeleteDocument', `DELETE ${first}`, synced, hello),
  asked(
    'RestDocumentHandlerDeleteDocumentIdentifierMulti',
    'DELETE /_api/document/products ["products/1","products/2"]',
    synced,
    tvAndBook,
  ),
  asked(
    'RestDocumentHandlerDeleteDocumentIfMatchOther',
    { call: `DELETE ${first}`, headers: { 'if-match': '"{3._rev}"' } },
    products,
    hello,
    hello2,
  ),
  asked(
    'RestDocumentHandlerDeleteDocumentRevMulti',
    'DELETE /_api/document/products?ignoreRevs=false [{"_key":"1","_rev":"{2.0._rev}"},{"_key":"2","_rev":"{2.1._rev}"}]',
    synced,
    tvAndBook,
  ),
  asked(
    'RestDocumentHandlerDeleteDocumentRevConflictMulti',
    'DELETE /_api/document/products?ignoreRevs=false [{"_key":"1","_rev":"non-matching revision"},{"_key":"2","_rev":"non-matching revision"}]',
    synced,
    tvAndBook,
  ),
  asked(
    'RestDocumentHandlerDeleteDocumentUnknownMulti',
    'DELETE /_api/document/products ["1","other/2"]',
    synced,
    syncedCollection('other'),
    tvAndBook,
    'DELETE /_api/document/products ["1","2"]',
    'POST /_api/document/other {"_key":"2"}',
  ),
  {
    name: 'RestDocumentHandlerPatchDocument',
    before: [products, 'POST /_api/document/products {"one":"world"}'],
    calls: [
      `PATCH ${first} {"hello":"world"}`,
      `PATCH ${first} {"numbers":{"one":1,"two":2,"three":3,"empty":null}}`,
      `GET ${first}`,
      `PATCH ${first}?keepNull=false {"hello":null,"numbers":{"four":4}}`,
      `GET ${first}`,
    ],
  },
  {
    name: 'RestDocumentHandlerPatchDocumentMerge',
    before: [
      products,
      'POST /_api/document/products {"inhabitants":{"china":1366980000,"india":1263590000,"usa":319220000}}',
    ],
    calls: [
      `GET ${first}`,
      {
        call: `PATCH ${first}?mergeObjects=true {"inhabitants":{"indonesia":252164800,"brazil":203553000}}`,
        isUnseen: true,
      },
      `GET ${first}`,
      `PATCH ${first}?mergeObjects=false {"inhabitants":{"pakistan":188346000}}`,
      `GET ${first}`,
    ],
  },
  asked(
    'RestDocumentHandlerPostAccept1',
    'POST /_api/document/products {"Hello":"World"}',
    'POST /_api/collection {"waitForSync":false,"name":"products","type":2}',
  ),
  asked('RestDocumentHandlerPostBadJsonMulti', 'POST /_api/document/products [{"_key":111},{"_key":"abc"}]', products),
  asked('RestDocumentHandlerPostCreate1', 'POST /_api/document/products {"Hello":"World"}', synced),
  asked(
    'RestDocumentHandlerPostMulti1',
    'POST /_api/document/products [{"Hello":"Earth"},{"Hello":"Venus"},{"Hello":"Mars"}]',
    products,
  ),
  asked(
    'RestDocumentHandlerPostMulti2',
    'POST /_api/document/products?returnNew=true [{"Hello":"Earth"},{"Hello":"Venus"},{"Hello":"Mars"}]',
    products,
  ),
  {
    name: 'RestDocumentHandlerPostOverwrite',
    before: [synced],
    calls: [
      'POST /_api/document/products {"Hello":"World","_key":"lock"}',
      'POST /_api/document/products?overwrite=true {"Hello":"Universe","_key":"lock"}',
    ],
  },
  asked('RestDocumentHandlerPostReturnNew', 'POST /_api/document/products?returnNew=true {"Hello":"World"}', products),
  asked('RestDocumentHandlerPostUnknownCollection1', 'POST /_api/document/products {"Hello":"World"}'),
  asked('RestDocumentHandlerReadDocument', `GET ${first}`, products, hello),
  asked('RestDocumentHandlerReadDocumentHead', `HEAD ${first}`, products, hello),
  asked(
    'RestDocumentHandlerReadDocumentIfNoneMatch',
    { call: `GET ${first}`, headers: { 'if-none-match': '"{2._rev}"' } },
    products,
    hello,
  ),
  asked(
    'RestDocumentHandlerReadMultiDocument',
    'PUT /_api/document/products?onlyget=true ["doc1",{"_key":"doc2"}]',
    products,
    'POST /_api/document/products {"_key":"doc1","hello":"world"}',
    'POST /_api/document/products {"_key":"doc2","say":"hi to mom"}',
  ),
  asked('RestDocumentHandlerUpdateDocument', `PUT ${first} {"Hello":"you"}`, products, hello),
  asked(
    'RestDocumentHandlerUpdateDocumentIfMatchOther',
    { call: `PUT ${first} {"other":"content"}`, headers: { 'if-match': '"{3._rev}"' } },
    products,
    hello,
    hello2,
  ),
  asked('RestDocumentHandlerUpdateDocumentUnknownHandle', `PUT ${first} {}`, products, hello, `DELETE ${first}`),
];
