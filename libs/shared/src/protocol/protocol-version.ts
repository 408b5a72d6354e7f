/**
 * The version of everything edge, worker and webhook say to each other over Redis. They are deployed apart, so for
 * some minutes old talks to new: a frame of another version is refused by name instead of being misread.
 *
 * History
 *   1  the first wire
 *   2  where nothing is validated, a call may have an id of any reasonable shape
 *      Later also streams: the id of a stream is opaque, as that of a call is. Twilio's ids and all bytes that carry them
 *      are the same, so old and new processes understand each other, and the version did not change.
 *      Later `take` says who calls whom (`ring`). A worker of before ignores it, and one of now answers without it.
 *      Later `end` has reasons for a caller whom a person took. They are said only of calls that a worker of now sent away.
 *      Later `answered-by` says what answered a call that we make. A worker of before does not answer it.
 *      Later `ring` has the variables of a call that we make. A worker of before leaves them out.
 *      Later a pressed key has its number, and a reply says how many keys are in the journal (`digits`). Processes of before
 *      leave both out, and the others do without.
 *      Later `capture` says whether an edge may keep what it captured. It is sent only where CAPTURE=assistants; an edge of
 *      before keeps nothing.
 *      Later `began` says up to which mark Twilio was given audio (`sent`). A worker of before ignores it, and an edge of before
 *      leaves it out.
 */
export const PROTOCOL_VERSION = 2;
