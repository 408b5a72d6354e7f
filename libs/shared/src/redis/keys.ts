import type {CallSid, ProcessId, StreamSid, Ticket} from '../protocol/ids.ts';

/**
 * Every key and channel we ever use in Redis, and how long each lives. The braces are Redis Cluster hash tags: what
 * one script touches shares one tag. BullMQ's keys begin with `{vb}:` (analytics-queue.ts).
 */

/** Sharded channels: the frames of one stream, from the edge up to the worker and down again. */
export const mediaUp = (stream: StreamSid) => `media:{${stream}}:up`;
export const mediaDown = (stream: StreamSid) => `media:{${stream}}:down`;

/** Sharded channel: what one worker is asked. */
export const workerInbox = (worker: ProcessId) => `worker:{${worker}}:inbox`;

/** Sharded channel: the answers to what one process asked. */
export const answersTo = (asker: ProcessId) => `asker:{${asker}}:answers`;

/** Sharded channel: one process to itself, to learn whether Redis is well. */
export const echoChannel = (id: string) => `echo:{${id}}`;

export type FleetName = 'workers' | 'edges';

/** Sorted set: members by calls in hand. A member whose hash is gone is removed by whoever notices. */
export const fleet = (name: FleetName) => `fleet:{${name}}`;

/** Hash with a lifetime of `FLEET_TTL_MS`, refreshed each second: what one member says of itself. */
export const fleetMember = (name: FleetName, id: ProcessId) => `fleet:{${name}}:${id}`;
export const FLEET_TTL_MS = 3_000;

/** Sharded channel: a heartbeat of each member every `BEAT_MS`. */
export const fleetBeat = (name: FleetName) => `fleet:{${name}}:beat`;
export const BEAT_MS = 50;

/** Sharded channel without messages: that it has a subscriber shows that the member's process is there. */
export const fleetPresence = (name: FleetName, id: ProcessId) => `fleet:{${name}}:life:${id}`;

/** Hash: who owns a call and what it is about. Kept while it lives, and `ENDED_CALL_TTL_S` after it ended. */
export const call = (sid: CallSid) => `call:{${sid}}`;
/** Twilio ends every call within 24 hours. */
export const CALL_TTL_S = 25 * 3_600;
export const ENDED_CALL_TTL_S = 600;

/** String: somebody is finding an owner for this call. Short, in case they die over it. */
export const callAdmission = (sid: CallSid) => `call:{${sid}}:admission`;
export const ADMISSION_TTL_S = 3;

/** Stream: what another worker needs to go on with a call, and what its record is made of. Lives as long as `call`. */
export const callJournal = (sid: CallSid) => `call:{${sid}}:journal`;

/** String: the CallSid and epoch for which one stream may be opened, once. */
export const ticketKey = (ticket: Ticket) => `ticket:{${ticket}}`;
export const TICKET_TTL_S = 60;

/** Set: CallSids of calls that have an owner and no record yet, so that a sweep finds orphans. One slot. */
export const openCalls = 'calls:{open}';

/** String: that one process may write. Each of its own. */
export const probeKey = (id: string) => `fleet:{probe-${id}}`;
export const PROBE_TTL_MS = 5_000;
