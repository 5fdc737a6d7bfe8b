/** Lines of ArangoDB that the embedded servers answer as, each with its last release. */
export const SERVER_VERSIONS = ['3.8', '3.10', '3.11', '3.12'] as const;
export type ServerLine = (typeof SERVER_VERSIONS)[number];
