import {z} from 'zod';
import {AfterCall} from '@voicebridge/shared/cdr/after-call.ts';
import {AwayOrder} from '@voicebridge/shared/protocol/away.ts';
import {
  AwayRecord,
  CallSummary,
  EndReason,
  FailoverRecord,
  InterruptionRecord,
  Notes,
  RingAsked,
  Tokens,
  ToolCallRecord,
  TurnRecord,
} from '@voicebridge/shared/cdr/call-record.ts';
import {CallSnapshot, JournalItem, KeptAssistant} from './call-snapshot.ts';
import {KeysFact} from './keys-fact.ts';

/**
 * The journal of a call: what another worker needs to go on with the call, and all that its record is made of. Entries
 * are facts and are never changed. `wall` is Unix milliseconds, the only clock that two processes share; `at` in a
 * record counts from `opened.wall`. The names of entries are older than the code's: `hushed` is a clear, `settled` a
 * committed turn, `said` audio that was sent, `cut` a truncation.
 */
const base = {wall: z.number()};
/** What becomes a part of the record has its bounds: an entry that the record would refuse is none. */
const {shape: summary} = CallSummary;
/**
 * The newest form of a journal that this version can read, as workers announce it. 2: it may begin with a `snapshot`
 * that stands for all entries before; those are in the call's past. 3: what people said may be sealed.
 */
export const JOURNAL_FORMAT = 3;

export const JournalEntry = z.discriminatedUnion('is', [
  z.object({
    ...base,
    is: z.literal('opened'),
    callSid: summary.callSid,
    direction: summary.direction,
    via: summary.via,
    caller: summary.caller,
    callee: summary.callee,
    assistant: summary.assistant,
    ...KeptAssistant.shape,
    /** The outcome of the questions at ring time; not set where nothing was asked. */
    ring: RingAsked.optional(),
    /** What the record keeps of what was said, if this assistant says so. */
    transcripts: z.enum(['off', 'heard', 'full']).optional(),
    /** It begins with words that must be heard: `disclosed` follows when they were. */
    discloses: z.boolean().optional(),
    /** What is to happen when the call is over. */
    after: AfterCall.optional(),
    model: summary.model,
    voice: summary.voice,
    admissionMs: summary.admissionMs,
    traceparent: summary.traceparent,
  }),
  /** A worker has the call from here on. */
  z.object({...base, is: z.literal('owner'), worker: summary.worker, epoch: summary.epoch, cause: z.string()}),
  /** `digits`: so many keys of this stream are known; workers of an older version do not count them. */
  z.object({
    ...base,
    is: z.literal('stream'),
    streamSid: z.string(),
    edge: z.string().max(100),
    epoch: summary.epoch,
    digits: z.number().optional(),
  }),
  /** The caller has pressed `number` keys on this stream; `keys`: those of all streams that the model is to be told about yet. */
  z.object({...base, is: z.literal('pressed'), streamSid: z.string(), number: z.number().optional(), keys: z.string()}),
  /** The caller's speech is in the conversation up to this moment of the stream, on Twilio's clock (ms). */
  z.object({...base, is: z.literal('settled'), streamSid: z.string(), timestamp: z.number()}),
  z.object({...base, is: z.literal('modelReady'), ms: z.number().nonnegative()}),
  /** The greeting was asked for: it is not asked for again. */
  z.object({...base, is: z.literal('greeted')}),
  z.object({...base, is: z.literal('firstAudio'), ms: z.number().nonnegative()}),
  /** A new item of the conversation. */
  z.object({...base, is: z.literal('item'), item: JournalItem}),
  /** The words of an item. */
  z.object({...base, is: z.literal('words'), id: z.string(), text: z.string()}),
  /**
   * Audio of an item was sent to Twilio, from `from` to `ms` of the item; perhaps not for the first time. `mark`: the mark
   * behind it. Workers of an older version do not write it.
   */
  z.object({
    ...base,
    is: z.literal('said'),
    id: z.string(),
    from: z.number(),
    ms: z.number(),
    mark: z.string().optional(),
  }),
  /** Twilio was told to drop the audio it has not played; a `cut` follows when it is known which that was. */
  z.object({...base, is: z.literal('hushed')}),
  /** All audio of an item has come from the model. */
  z.object({...base, is: z.literal('complete'), id: z.string()}),
  /**
   * The answer in this item failed or broke off, though it may be `complete`: the caller waits for the rest. Workers of an
   * older version skip this entry.
   */
  z.object({...base, is: z.literal('brokenOff'), id: z.string()}),
  /** The rest of an item was not heard. */
  z.object({...base, is: z.literal('cut'), id: z.string(), heardMs: z.number(), totalMs: z.number()}),
  /** The model refused to truncate an item. */
  z.object({...base, is: z.literal('cutRefused'), id: z.string()}),
  /** `open`: the turn goes on; a later entry of the same turn replaces this one. */
  z.object({...base, is: z.literal('turn'), turn: TurnRecord, open: z.boolean().optional()}),
  z.object({...base, is: z.literal('interruption'), interruption: InterruptionRecord}),
  /**
   * Written when the model calls a tool (`durationMs` is null while its result is to come), and again with the result.
   * Journals of versions before November 2026 do not name the call.
   */
  z.object({...base, is: z.literal('tool'), tool: ToolCallRecord, callId: z.string().optional()}),
  /** The assistant noted something. Of a field that is noted again, the last value counts. */
  z.object({...base, is: z.literal('notes'), notes: Notes}),
  /** Another assistant goes on with the call. */
  z.object({...base, is: z.literal('assistant'), assistant: summary.assistant, ...KeptAssistant.shape}),
  /** The caller enters digits for a tool. For each call of a tool the last one counts. */
  z.object({...base, is: z.literal('keys'), ...KeysFact.shape}),
  /** The call is recorded from this moment on, in milliseconds since it began. */
  z.object({...base, is: z.literal('recording'), fromMs: z.number().nonnegative()}),
  /** The caller has agreed that the call is captured. */
  z.object({...base, is: z.literal('captured')}),
  /**
   * The caller has heard the whole of what is said first, the item `id`, `at` milliseconds after the call began. `by`: its
   * mark came back, or it must have been played by the clock. `verbatim`: its transcript begins with those words; null:
   * there is none.
   */
  z.object({
    ...base,
    is: z.literal('disclosed'),
    id: z.string(),
    at: z.number().nonnegative(),
    by: z.enum(['mark', 'clock']),
    verbatim: z.boolean().nullable(),
  }),
  /** What has answered our call, in the carrier's words. */
  z.object({...base, is: z.literal('answeredBy'), by: z.string().max(40)}),
  z.object({...base, is: z.literal('failover'), failover: FailoverRecord}),
  z.object({...base, is: z.literal('tokens'), tokens: Tokens}),
  z.object({...base, is: z.literal('frames'), ...summary.frames.shape}),
  /** The model is limited for `ms` more, and Twilio tells the caller to wait. */
  z.object({...base, is: z.literal('held'), ms: z.number()}),
  /**
   * The caller goes away, for `ms` at most: with `callId` and `order`. And again with the outcome, when they are back or
   * the call is over.
   */
  z.object({
    ...base,
    is: z.literal('away'),
    away: AwayRecord,
    callId: z.string().optional(),
    order: AwayOrder.optional(),
    ms: z.number().nonnegative().optional(),
  }),
  z.object({...base, is: z.literal('ended'), reason: EndReason}),
  /** Stands for all entries before it. Only ever the first entry of a journal. */
  z.object({...base, is: z.literal('snapshot'), call: CallSnapshot}),
]);
export type JournalEntry = z.infer<typeof JournalEntry>;

/**
 * The entries of a journal in Redis. Lines that this version cannot read (a newer one wrote them) are left out. A sealed line
 * is an entry without its words, and beside it in `sealed` the whole of it: `open` gives the text of that.
 */
export function readJournal(
  lines: readonly string[],
  open: (sealed: string) => string | undefined = () => undefined,
): JournalEntry[] {
  return lines.flatMap(line => {
    try {
      const written: unknown = JSON.parse(line);
      const sealed = isRecord(written) ? written['sealed'] : undefined;
      const text = typeof sealed === 'string' ? open(sealed) : undefined;
      const raw: unknown = text === undefined ? written : JSON.parse(text);
      if (isCommon(raw)) return [raw];
      const {data} = JournalEntry.safeParse(raw);
      return data ? [data] : [];
    } catch {
      return [];
    }
  });
}

/** Most entries are these. Checking them by hand instead of with zod makes a takeover faster. */
function isCommon(raw: unknown): raw is Extract<JournalEntry, {is: 'said' | 'words' | 'item'}> {
  if (!isRecord(raw) || !Number.isFinite(raw['wall'])) return false;
  const {is, id, from, ms, mark, text, item} = raw;
  if (is === 'said') {
    const hasMark = mark === undefined || typeof mark === 'string';
    return typeof id === 'string' && Number.isFinite(from) && Number.isFinite(ms) && hasMark;
  }
  if (is === 'words') return typeof id === 'string' && typeof text === 'string';
  if (is !== 'item' || !isRecord(item)) return false;
  const isSpoken = item['kind'] === 'caller' || item['kind'] === 'assistant' || item['kind'] === 'note';
  return isSpoken && typeof item['id'] === 'string' && typeof item['text'] === 'string';
}

function isRecord(raw: unknown): raw is Readonly<Record<string, unknown>> {
  return typeof raw === 'object' && raw !== null;
}
