/** Statuses by error number (reference 1.4, "mapping rule"); a number that is not here is 500. */
const statuses: ReadonlyMap<number, readonly number[]> = new Map([
  [
    400,
    [
      10, 17, 600, 1204, 1205, 1208, 1213, 1214, 1216, 1218, 1220, 1221, 1222, 1226, 1227, 1229, 1232, 1233, 1235, 1237,
      1410, 1411, 1413, 1450, 1466, 1468, 1469, 1620, 1621, 1651, 1652, 1653, 1700, 1850,
    ],
  ],
  [403, [11, 1004, 1230]],
  [
    404,
    [404, 1202, 1203, 1212, 1228, 1238, 1449, 1570, 1571, 1582, 1591, 1600, 1655, 1703, 1852, 1924, 1926, 1930, 1932],
  ],
  [405, [405]],
  [406, [1489, 1490]],
  [409, [1200, 1207, 1210, 1447, 1601, 1702, 1851, 1925]],
  [410, [21, 1500, 1654]],
  [412, [412, 1448]],
  [501, [9, 31, 501, 1470, 1471, 1477]],
  [503, [30, 503, 1465, 1478, 1491, 1495, 1496]],
  [401, [401]],
]);

const statusByNumber = new Map<number, number>();
for (const [status, numbers] of statuses) {
  for (const number of numbers) statusByNumber.set(number, status);
}

/** The HTTP status that a handler answers when it passes this error number on. */
export function statusOf(errorNum: number): number {
  if (errorNum === 400 || errorNum === 403) return errorNum;
  return statusByNumber.get(errorNum) ?? 500;
}

/** A refusal of the engine: ArangoDB's error number, its text, and the HTTP status that goes with it. */
export class EngineError extends Error {
  readonly errorNum: number;
  readonly status: number;

  constructor(errorNum: number, message: string, status: number = statusOf(errorNum)) {
    super(message);
    this.name = 'EngineError';
    this.errorNum = errorNum;
    this.status = status;
  }
}
