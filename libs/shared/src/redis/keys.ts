import type {CallSid, ProcessId, StreamSid, Ticket} from '../protocol/ids.ts';

/**
 * Every key and channel that we use in Redis, with its lifetime. The braces are Redis Cluster hash tags: keys that one
 * script touches share one tag. BullMQ's keys begin with `{vb}:` (analytics-queue.ts).
 */

/** Sharded channels: the frames of one stream, from the edge up to the worker and down again. */
export const mediaUp = (stream: StreamSid) => `media:{${stream}}:up`;
export const mediaDown = (stream: StreamSid) => `media:{${stream}}:down`;

/** Requests and replies go by one of so many channels of a process, so that on a Cluster they are on several shards. */
export const PLACES = 4;
const at = (id: ProcessId, place: number) => (place === 0 ? id : `${id}.${place}`);

/** Sharded channels: the questions to one worker, by `place` from 0 up to, but not including, `PLACES`. */
export const workerInbox = (worker: ProcessId, place = 0) => `worker:{${at(worker, place)}}:inbox`;

/** Sharded channels: the answers to the questions of one process, which says with each question where it wants the answer. */
export const answersTo = (asker: ProcessId, place = 0) => `asker:{${at(asker, place)}}:answers`;

/** Sharded channel: messages of one process to itself, which show whether the node with the slot of `tag` is well. */
export const echoChannel = (id: string, tag = id) => `echo:{${tag}}:${id}`;

export type FleetName = 'workers' | 'edges';

/** Sorted set: members by active calls. A process that finds a member without its hash removes it. */
export const fleet = (name: FleetName) => `fleet:{${name}}`;

/** Hash with a lifetime of `FLEET_TTL_MS`, refreshed each second: the announcement of one member. */
export const fleetMember = (name: FleetName, id: ProcessId) => `fleet:{${name}}:${id}`;
export const FLEET_TTL_MS = 3_000;

/** Sharded channel: the heartbeats of one worker, every `BEAT_MS` while anybody may depend on it. */
export const workerBeat = (worker: ProcessId) => `worker:{${worker}}:beat`;
export const BEAT_MS = 50;

/** Sharded channel: the heartbeats of all workers, for edges of a version that hears them only there (ADR 14). */
export const beatsOfAll = 'fleet:{workers}:beat';

/** Sharded channel: a subscriber shows that the member's process is alive. */
export const fleetPresence = (name: FleetName, id: ProcessId) => `fleet:{${name}}:life:${id}`;

/** Hash: who owns a call and what it is about. Kept while it lives, and `ENDED_CALL_TTL_S` after it ended. */
export const call = (sid: CallSid) => `call:{${sid}}`;
/** Twilio ends every call within 24 hours. */
export const CALL_TTL_S = 25 * 3_600;
export const ENDED_CALL_TTL_S = 600;

/** String: a webhook is looking for an owner of this call. Short, in case that webhook dies. */
export const callAdmission = (sid: CallSid) => `call:{${sid}}:admission`;
export const ADMISSION_TTL_S = 3;

/** String: this call has ended. A request for it that somebody saw and sends again must not start the call again. */
export const callOver = (sid: CallSid) => `call:{${sid}}:over`;
/** Twilio ends every call within 24 hours. */
export const CALL_OVER_TTL_S = 24 * 3_600;

/** Stream: what another worker needs to continue a call, and the source of its record. Gone when that was sent. */
export const callJournal = (sid: CallSid) => `call:{${sid}}:journal`;

/** List: the entries of a journal that was compacted, as texts of many lines, oldest first. Gone with the journal. */
export const callPast = (sid: CallSid) => `call:{${sid}}:past`;

/**
 * Hash: the tools that a call has begun, and their results, so that none runs twice when the call moves. Gone when the
 * call ends.
 */
export const callTools = (sid: CallSid) => `call:{${sid}}:tools`;
/** Longer than any tool may take. */
export const CALL_TOOLS_TTL_S = 600;

/** String: the CallSid and epoch for which one stream may be opened, once. */
export const ticketKey = (ticket: Ticket) => `ticket:{${ticket}}`;
export const TICKET_TTL_S = 60;

/** String: one version of an assistant, as its calls use it. Written again every hour while calls begin with it. */
export const assistantVersion = (hash: string) => `assistant:{${hash}}`;
/** A call that begins just before it is written again lasts for a day at most. */
export const ASSISTANT_TTL_S = 26 * 3_600;

/** String: what callers of each number hear where no worker can speak, as the workers last told it. Told every hour. */
export const numberSentences = 'says:{numbers}';
/** The names of the assistants that workers have. */
export const assistantNames = 'says:{assistants}';
export const SENTENCES_TTL_S = 26 * 3_600;

/** Set: CallSids of calls that have an owner and no record yet. One slot: it is read slowly, a part at a time. */
export const openCalls = 'calls:{open}';

/** Set: the calls that a worker has claimed, and some that it does not have any more; a sweep takes those out. */
export const callsOf = (worker: ProcessId) => `calls:{${worker}}`;

/** Set: the workers that have such a set. One slot, and as many members as there are workers. */
export const callOwners = 'calls:{owners}';

/**
 * Hash: what one call has cost, in millionths of a US dollar: a field for each owner, by the epoch in which it became
 * one, and `all`. All keys of the ledger share one hash tag, so that one script sees them.
 */
export const spentByCall = (sid: CallSid) => `spend:{ledger}:call:${sid}`;

/** Hash: what one day (UTC) has cost: `all`, a field for each assistant and for the hash of each caller. */
export const spentToday = (day: string) => `spend:{ledger}:day:${day}`;
/** So long after the last charge; a day and what is needed to look at it afterwards. */
export const SPENT_TTL_S = 48 * 3_600;

/** Sorted set: the calls in progress from or to a number, by the time at which they stop to count. Lives as long. */
export const callsInProgress = (way: 'from' | 'to', hash = 'withheld') => `spend:{ledger}:${way}:${hash}`;

/**
 * List: what operators ask one worker for, which looks once a second. Strings beside it, in the same slot: what it shows of
 * its calls, and of one of them, while somebody looks.
 */
export const operatorAsks = (worker: ProcessId) => `operator:{${worker}}:asks`;
export const operatorCalls = (worker: ProcessId) => `operator:{${worker}}:calls`;
export const operatorCall = (worker: ProcessId, sid: CallSid) => `operator:{${worker}}:call:${sid}`;
/** What nobody has taken, or nobody reads any more, is gone after this. */
export const OPERATOR_TTL_MS = 5_000;

/** String: written by one process to check that it can write to the node with the slot of `tag`. */
export const probeKey = (id: string, tag = `probe-${id}`) => `fleet:{${tag}}:probe-${id}`;
/** The same on the queue's Redis, whose users may write no other key than BullMQ's. */
export const queueProbeKey = (id: string) => `{vb}:probe-${id}`;
export const PROBE_TTL_MS = 5_000;
