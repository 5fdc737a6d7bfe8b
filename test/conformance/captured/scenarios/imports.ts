import { asked, collection, type Scenario } from '../scenario.ts';

const products = collection('products');
const links = collection('links', 3);
const twice = '{ "_key": "abc", "value1": 25, "value2": "test" }\n{ "_key": "abc", "value1": "bar", "value2": "baz" }';

export const imports: readonly Scenario[] = [
  asked(
    'RestImportCsvEdge',
    'POST /_api/import?collection=links [ "_from", "_to", "name" ]\n[ "products/123","products/234", "some name" ]\n[ "products/332", "products/abc", "other name" ]',
    links,
    products,
  ),
  asked(
    'RestImportCsvEdgeInvalid',
    'POST /_api/import?collection=links&details=true [ "name" ]\n[ "some name" ]\n[ "other name" ]',
    links,
  ),
  asked(
    'RestImportCsvInvalidBody',
    'POST /_api/import?collection=products { "_key": "foo", "value1": "bar" }',
    products,
  ),
  asked(
    'RestImportJsonEdge',
    'POST /_api/import?collection=links&type=documents { "_from": "products/123", "_to": "products/234" }\n{"_from": "products/332", "_to": "products/abc",   "name": "other name" }',
    links,
    products,
  ),
  asked('RestImportJsonInvalidBody', 'POST /_api/import?collection=products&type=list { }', products),
  asked('RestImportJsonInvalidCollection', 'POST /_api/import?collection=products&type=documents { "name": "test" }'),
  asked(
    'RestImportJsonList',
    'POST /_api/import?collection=products&type=list [\n  {\n    "_key": "abc",\n    "value1": 25,\n    "value2": "test",\n    "allowed": true\n  },\n  { "_key": "foo", "name": "baz" },\n  { "name": { "detailed": "detailed name", "short": "short name" } }\n]',
    products,
  ),
  asked(
    'RestImportJsonUniqueContinue',
    `POST /_api/import?collection=products&type=documents&details=true ${twice}`,
    products,
  ),
  asked(
    'RestImportJsonUniqueFail',
    `POST /_api/import?collection=products&type=documents&complete=true ${twice}`,
    products,
  ),
];
