import type {ConversationItem} from '../model/model-adapter.ts';

/** So many of the latest items a session is given one by one: what may still be cut, answered or repeated is among them. */
const LATEST = 60;
/** Older ones are summed up when there are so many more, so that a call of a quarter of an hour is given as it was. */
const AT_LEAST = 60;
/** How the id of such a note begins. */
const PAST = 'past-';
/** The length of one note, in characters. */
const NOTE_CHARACTERS = 16_000;

/**
 * The history of a long call for another session: the older part in notes, word for word, the latest items as they are.
 * An hour of conversation is 1,350 items, each a message to the model that it answers with another: its session was ready
 * seconds late, and who was moved then waited in silence. As notes it is a few.
 */
export function summedUp(history: readonly ConversationItem[]): readonly ConversationItem[] {
  if (history.length < LATEST + AT_LEAST) return history;
  const from = beforeItsCall(history, history.length - LATEST);
  const notes: ConversationItem[] = [];
  let text = '';
  const finish = () => {
    if (text !== '')
      notes.push({kind: 'note', id: `${PAST}${notes.length + 1}`, text: `Earlier in this call:\n${text}`});
    text = '';
  };
  for (const line of history.slice(0, from).map(lineOf)) {
    if (text.length + line.length > NOTE_CHARACTERS) finish();
    text += line;
  }
  finish();
  return [...notes, ...history.slice(from)];
}

/** Whether a note has a part of the call in it, with all that tools were given and answered. */
export function isSummedUp({kind, id}: ConversationItem): boolean {
  return kind === 'note' && id.startsWith(PAST);
}

/** A place at or before `from` behind which each result has its call: a model refuses one without the other. */
function beforeItsCall(history: readonly ConversationItem[], from: number): number {
  let start = from;
  for (let at = history.length - 1; at >= start; at -= 1) {
    const item = history[at];
    if (item?.kind !== 'toolResult') continue;
    const call = history.findIndex(each => each.kind === 'toolCall' && each.callId === item.callId);
    if (call >= 0) start = Math.min(start, call);
  }
  return start;
}

function lineOf(item: ConversationItem): string {
  switch (item.kind) {
    case 'caller':
      return `Caller: ${item.text}\n`;
    case 'assistant':
      return `Assistant: ${item.text}\n`;
    case 'note':
      return `Note: ${item.text}\n`;
    case 'toolCall':
      return `The assistant called ${item.name} with ${item.arguments}\n`;
    case 'toolResult':
      return `The result was ${item.output}\n`;
    default:
      return item satisfies never;
  }
}
