import {
  AWAYS_AT_MOST,
  type CallFinished,
  CallSummary,
  type EndReason,
  type FailoverRecord,
  type Notes,
  NOTES_AT_MOST,
  type InterruptionRecord,
  type Tokens,
  type ToolCallRecord,
  type TranscriptLine,
  type TurnRecord,
  TURNS_PER_JOB,
} from '@voicebridge/shared/cdr/call-record.ts';
import {END_REASONS} from '@voicebridge/shared/cdr/end-reasons.ts';
import {partNotes} from '@voicebridge/shared/cdr/outcome.ts';
import {heardWords} from '../conversation/heard-words.ts';
import {maskDigits} from '../tools/key-entries.ts';
import type {JournalEntry} from '../events/journal-entry.ts';
import {costOf, PRICE_TABLE} from './prices.ts';
import {addTokens, NO_TOKENS} from './sum-tokens.ts';

/** How much of the conversation is kept. `heard`: the assistant's words only as far as the caller heard them. */
export type TranscriptPolicy = 'off' | 'heard' | 'full';

type Opened = Extract<JournalEntry, {is: 'opened'}>;
type FrameCounts = CallSummary['frames'];

/**
 * Builds the call record (CDR) from the call's journal. The result is the same for the last owner and for an orphan sweep.
 * Snapshots are no facts: they are left out. It has parts of `TURNS_PER_JOB` turns, each with the whole summary; undefined for a journal without its first entry.
 * `transcripts`: what is kept where the call’s assistant does not say.
 */
export function buildCdr(journal: readonly JournalEntry[], transcripts: TranscriptPolicy): CallFinished[] | undefined {
  const entries = journal.filter(({is}) => is !== 'snapshot');
  const opened = entries.find(entry => entry.is === 'opened');
  if (!opened) return undefined;
  const of = <Is extends JournalEntry['is']>(is: Is) =>
    entries.filter((entry): entry is Extract<JournalEntry, {is: Is}> => entry.is === is);
  const turns = byNumber(
    of('turn').map(({turn}) => turn),
    turn => turn.turn,
  );
  const refused = of('cutRefused').map(({wall}) => wall);
  const interruptions = of('interruption').map(({interruption, wall}, index, all) => {
    const until = all[index + 1]?.wall ?? Number.POSITIVE_INFINITY;
    return {...interruption, refused: refused.some(at => at >= wall && at < until)};
  });
  const secrets = [...new Set(of('keys').flatMap(({keys, isWhole}) => (isWhole ? [keys] : [])))];
  const toolCalls = byNumber(
    of('tool').map(({tool}) => masked(tool, secrets)),
    tool => tool.call,
  );
  const failovers = failoversOf(entries, opened.wall).map((failover, index) => ({...failover, failover: index}));
  const summary = summarise(opened, entries, {turns, interruptions, toolCalls, failovers, secrets});
  const policy = opened.transcripts ?? transcripts;
  const transcript = policy === 'off' ? [] : transcriptOf(entries, {start: opened.wall, policy, secrets});
  const parts = Math.max(1, Math.ceil(turns.length / TURNS_PER_JOB));
  return Array.from({length: parts}, (_, part) => {
    const slice = turns.slice(part * TURNS_PER_JOB, (part + 1) * TURNS_PER_JOB);
    const mine = ({turn}: {turn: number}) => Math.min(parts - 1, Math.floor(turn / TURNS_PER_JOB)) === part;
    return {
      version: 1,
      part,
      parts,
      summary,
      turns: slice,
      interruptions: interruptions.filter(mine).slice(0, 500),
      toolCalls: toolCalls.filter(mine).slice(0, 500),
      failovers: part === 0 ? failovers.slice(0, 100) : [],
      transcript: transcript.filter(mine).slice(0, 500),
      after: opened.after ?? null,
    };
  });
}

interface Lists {
  readonly turns: readonly TurnRecord[];
  readonly interruptions: readonly InterruptionRecord[];
  readonly toolCalls: readonly ToolCallRecord[];
  readonly failovers: readonly FailoverRecord[];
  /** The digits that the caller entered. */
  readonly secrets: readonly string[];
}

/** The words of a tool call were written down when it was made. What the caller entered afterwards may be in them, too. */
function masked(tool: ToolCallRecord, secrets: readonly string[]): ToolCallRecord {
  const words = (text: string | null) => text && maskDigits(text, secrets);
  return {...tool, arguments: words(tool.arguments), result: words(tool.result)};
}

function summarise(opened: Opened, entries: readonly JournalEntry[], lists: Lists): CallSummary {
  const last = entries.at(-1) ?? opened;
  const ended = entries.findLast(entry => entry.is === 'ended');
  const owner = entries.findLast(entry => entry.is === 'owner');
  const stream = entries.findLast(entry => entry.is === 'stream');
  const endReason: EndReason = ended?.reason ?? 'platform.worker-lost';
  const tokens = sumTokens(entries);
  const yielded = lists.interruptions.filter(each => !each.false);
  return {
    callSid: opened.callSid,
    startedAt: opened.wall,
    // The clocks of two owners may differ by more than the call lasted.
    endedAt: Math.max(opened.wall, ended?.wall ?? last.wall),
    direction: opened.direction,
    ...(opened.via === undefined ? {} : {via: opened.via}),
    caller: opened.caller,
    callee: opened.callee,
    assistant: opened.assistant,
    assistantVersion: opened.version ?? null,
    ring: opened.ring ?? null,
    model: opened.model,
    voice: opened.voice,
    worker: owner?.worker ?? '',
    edge: stream?.edge ?? null,
    epoch: Math.max(0, ...entries.map(entry => ('epoch' in entry ? entry.epoch : 0))),
    endReason,
    endedBy: END_REASONS[endReason].endedBy,
    timeToFirstAudioMs: entries.find(entry => entry.is === 'firstAudio')?.ms ?? null,
    admissionMs: opened.admissionMs,
    modelReadyMs: entries.find(entry => entry.is === 'modelReady')?.ms ?? null,
    turns: lists.turns.length,
    bargeIns: yielded.length,
    falseInterruptions: lists.interruptions.length - yielded.length,
    toolCalls: lists.toolCalls.length,
    talkOverMs: sum(yielded.map(each => each.talkOverMs ?? 0)),
    unheardMs: sum(yielded.map(each => each.unheardMs ?? 0)),
    tokens,
    costUsd: costOf(opened.model, tokens),
    priceTable: PRICE_TABLE,
    frames: sumFrames(entries),
    traceparent: opened.traceparent,
    recordedFromMs: entries.find(entry => entry.is === 'recording')?.fromMs ?? null,
    disclosure: disclosureOf(opened, entries),
    answeredBy: entries.findLast(entry => entry.is === 'answeredBy')?.by ?? null,
    ...partNotes(notesOf(entries, lists.secrets), opened.after?.outcome ?? {}),
    assistants: assistantsOf(opened, entries),
    aways: byNumber(
      entries.flatMap(entry => (entry.is === 'away' ? [entry.away] : [])),
      ({away}) => away,
    ).slice(0, AWAYS_AT_MOST),
  };
}

/** All assistants that had the call; none if it was only one. */
function assistantsOf(opened: Opened, entries: readonly JournalEntry[]): CallSummary['assistants'] {
  const given = entries.filter(entry => entry.is === 'assistant');
  if (given.length === 0) return [];
  return [opened, ...given].slice(0, 20).map(({assistant, version = null, wall}) => ({
    name: assistant,
    version,
    at: Math.max(0, wall - opened.wall),
  }));
}

function disclosureOf(opened: Opened, entries: readonly JournalEntry[]): CallSummary['disclosure'] {
  if (!opened.discloses) return null;
  const heard = entries.find(entry => entry.is === 'disclosed');
  return {heardAt: heard?.at ?? null, by: heard?.by ?? null, verbatim: heard?.verbatim ?? null};
}

/** The last value of each note; the first names where there are more than the record takes. */
function notesOf(entries: readonly JournalEntry[], secrets: readonly string[]): Notes {
  const notes = entries.flatMap(entry => (entry.is === 'notes' ? Object.entries(entry.notes) : []));
  const last = [...new Map(notes)].slice(0, NOTES_AT_MOST);
  return Object.fromEntries(last.map(([name, value]) => [name, noteWithout(value, secrets)]));
}

function noteWithout(value: Notes[string], secrets: readonly string[]): Notes[string] {
  const text = String(value);
  const without = maskDigits(text, secrets, {alone: true});
  return without === text ? value : without;
}

function sumTokens(entries: readonly JournalEntry[]): Tokens {
  return entries.reduce((sum, entry) => (entry.is === 'tokens' ? addTokens(sum, entry.tokens) : sum), NO_TOKENS);
}

/** Each owner counts the frames of each of its streams; this adds them up. */
function sumFrames(entries: readonly JournalEntry[]): FrameCounts {
  const total = {up: 0, down: 0, lostUp: 0, lostDown: 0, duplicates: 0, paddedMs: 0, malformed: 0};
  for (const entry of entries) {
    if (entry.is !== 'frames') continue;
    for (const kind of CallSummary.shape.frames.keyof().options) total[kind] += entry[kind];
  }
  return total;
}

/** The failovers in the journal, plus those to owners that lost the call again before they could write one. */
function failoversOf(entries: readonly JournalEntry[], start: number): FailoverRecord[] {
  const known: FailoverRecord[] = [];
  let owner: Extract<JournalEntry, {is: 'owner'}> | undefined;
  let taken: FailoverRecord | undefined;
  for (const entry of entries) {
    if (entry.is === 'failover') {
      if (entry.failover.kind.startsWith('worker')) taken = undefined;
      known.push(entry.failover);
    }
    if (entry.is !== 'owner') continue;
    if (taken) known.push(taken);
    const kind = entry.cause === 'worker-drained' ? entry.cause : 'worker-lost';
    const at = Math.max(0, entry.wall - start);
    taken = owner && {failover: 0, kind, at, gapMs: null, from: owner.worker, to: entry.worker};
    owner = entry;
  }
  return taken ? [...known, taken] : known;
}

function transcriptOf(
  entries: readonly JournalEntry[],
  {start, policy, secrets}: {start: number; policy: 'heard' | 'full'; secrets: readonly string[]},
): TranscriptLine[] {
  const words = new Map<string, string>();
  const cuts = new Map<string, {heardMs: number; totalMs: number}>();
  for (const entry of entries) {
    if (entry.is === 'words') words.set(entry.id, entry.text);
    if (entry.is === 'cut') cuts.set(entry.id, entry);
  }
  const lines: TranscriptLine[] = [];
  let turn = 0;
  for (const entry of entries) {
    if (entry.is === 'turn') turn = entry.turn.turn + (entry.open ? 0 : 1);
    if (entry.is !== 'item' || (entry.item.kind !== 'caller' && entry.item.kind !== 'assistant')) continue;
    const {id, kind} = entry.item;
    const said = words.get(id) ?? entry.item.text;
    const cut = cuts.get(id);
    const text = maskDigits(policy === 'heard' ? heardWords(said, cut) : said, secrets);
    const at = Math.max(0, entry.wall - start);
    if (text !== '')
      lines.push({line: lines.length, turn, role: kind, at, text: text.slice(0, 8_000), cut: cut !== undefined});
  }
  return lines;
}

/** One of each number, the last one: after a failover a turn may have been written twice, the second time complete. */
function byNumber<Each>(list: readonly Each[], number: (each: Each) => number): Each[] {
  return [...new Map(list.map(each => [number(each), each])).values()];
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
