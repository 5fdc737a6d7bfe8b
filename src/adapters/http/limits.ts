/** Time to send all headers. */
export const headersTimeoutMs = 10_000;
/** Time to send a whole request; answers may take longer. */
export const requestTimeoutMs = 120_000;
/** Time for the TLS handshake of a new connection. */
export const handshakeTimeoutMs = 10_000;
/** How often connections are held against the two times above. */
export const timeoutCheckMs = 5_000;
/** Longer than clients keep an idle connection, so that the client is the one to close it. */
export const keepAliveTimeoutMs = 75_000;
/** All headers together, the request line with its path and query included. */
export const headerBytesMax = 32 * 1024;
export const headersMax = 100;
/** Open connections: a master serves its workers, the other datacenter's, and some operators. */
export const connectionsMax = 4_096;

/** What is logged of a client's text about itself. */
export const clientIdCharactersMax = 200;
