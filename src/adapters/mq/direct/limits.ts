/** Frames that a sender keeps for one link, pushed and not yet acknowledged. At 100 ms of latency: 320 MiB/s. */
export const LINK_BUFFER_BYTES_MAX = 32 * 1024 * 1024;
/** The same for all links of a worker together: many target workers share it. */
export const HOST_BUFFER_BYTES_MAX = 256 * 1024 * 1024;
/** Under a limit of the link: what the limit lets pass in so long, before it is packed. */
export const LIMITED_BUFFER_MS = 2_000;
export const LIMITED_BUFFER_BYTES_MIN = 128 * 1024;
/** Links of one source worker; a target has as many as it has workers. */
export const SESSIONS_MAX = 256;
/** A link that nobody asks about for so long is gone. Longer than {@link RETRY_MS_MAX}, so that the asking side gives up first. */
export const SESSION_IDLE_MS_MAX = 60_000;
/** Sessions that ended and are remembered, so that a late request does not open one again. */
export const ENDED_SESSIONS_REMEMBERED_MAX = 4096;
/** How long one answer to a poll may go on, ms: then the token is looked at again. */
export const POLL_HOLD_MS_MAX = 60_000;
/**
 * The same of a link's first one; each that follows is held twice as long. Every poll tells how long a trip takes, and many
 * early ones find a short one also between machines that are busy: it decides whether packing is worth it.
 */
export const FIRST_POLL_HOLD_MS = 2;
/** A worker that answers sooner is in the same place: what packing costs there is more than what it saves. */
export const NEAR_MS = 2;
/** Silence in a poll's answer is broken after so long: both sides and every proxy see that the connection lives. */
export const BEAT_MS = 5_000;
/** A connection that is silent for so long (three beats) is dead. */
export const SILENCE_MS_MAX = 15_000;
/** Controls that wait at the sender to be taken by its engine; further ones are taken later. */
export const CONTROLS_WAITING_MAX = 10_000;
/** Body of one control request. An `open` with its checkpoint has about 1 KiB. */
export const CONTROL_BODY_BYTES_MAX = 4 * 1024 * 1024;
/** Controls in one request: far below {@link CONTROL_BODY_BYTES_MAX}. */
export const CONTROLS_PER_REQUEST_MAX = 1_000;
/** Bytes of such a request at which it is full even with fewer controls. */
export const CONTROL_BATCH_BYTES = 1024 * 1024;
/** Controls that wait at the receiver to be sent; a link that cannot bring them away ends. */
export const CONTROLS_UNSENT_BYTES_MAX = 64 * 1024 * 1024;
/** Frames that arrived and were not yet pulled by the engine; then reading from the connection stops. */
export const ARRIVED_BYTES_MAX = 8 * 1024 * 1024;
/** Bytes that arrive before they are acknowledged on their own: an eighth of the sender's buffer. */
export const ACK_BYTES = 4 * 1024 * 1024;
/**
 * Acknowledgements that free credit are gathered for so long: each request goes through three processes, and
 * one per applied frame would cost more than the frame. The credit of one shard, 4 MiB, lasts for it at 200 MiB/s.
 */
export const ACK_PACE_MS = 20;
/** At the latest so long after a frame came it is acknowledged. */
export const ACK_DELAY_MS = 100;
/** The receiver says that it lives at least so often: it may be pulling nothing for a while. */
export const KEEP_ALIVE_MS = 10_000;
/** A receiver that got no answer for so long gives its link up. */
export const RETRY_MS_MAX = 45_000;
/** Pause after a failed request: first and longest. */
export const RETRY_FIRST_MS = 50;
export const RETRY_LONGEST_MS = 2_000;
/** Connecting, TLS included. */
export const CONNECT_MS_MAX = 5_000;
/** Saying farewell to a link may take so long; the other side finds out anyway. */
export const FAREWELL_MS_MAX = 2_000;
