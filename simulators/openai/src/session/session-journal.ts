import type {FakeSession} from './fake-session.ts';

/** One line about a session: what happened, and its facts. */
export interface JournalLine {
  readonly event:
    | 'session opened'
    | 'caller spoke'
    | 'model answered'
    | 'item truncated'
    | 'request refused'
    | 'session closed';
  readonly session: string;
  readonly [fact: string]: unknown;
}

/** Writes one line for each turn of a session: for people, the demo and tests in other processes. */
export function journal(session: FakeSession, write: (line: JournalLine) => void): void {
  const line = (event: JournalLine['event'], facts: Record<string, unknown>) =>
    write({event, session: session.id, ...facts});
  const truncated = new Set<string>();
  const {'openai-safety-identifier': caller} = session.headers;
  line('session opened', {model: session.model, caller});
  session.onEvent(({type, direction}) => {
    if (direction === 'in') return;
    switch (type) {
      case 'input_audio_buffer.committed': {
        const item = session.items.findLast(({content}) => content === 'input_audio');
        return line('caller spoke', {item: item?.id, words: item?.text, ms: Math.round(item?.audioMs ?? 0)});
      }
      case 'response.done': {
        const done = session.responses.findLast(({doneAt}) => doneAt !== undefined);
        if (!done) return;
        const items = session.items.filter(({id}) => done.items.includes(id));
        return line('model answered', {
          response: done.id,
          status: done.status,
          reason: done.reason,
          words: items.map(({text}) => text).join(' '),
          calls: items.flatMap(({name, payload}) => (name === undefined ? [] : [{name, arguments: payload}])),
          ms: Math.round(items.reduce((sum, {audioMs}) => sum + audioMs, 0)),
          firstAudioMs: done.firstAudioAt === undefined ? undefined : Math.round(done.firstAudioAt - done.startedAt),
        });
      }
      case 'conversation.item.truncated': {
        const item = session.items.find(({id, truncatedAtMs}) => truncatedAtMs !== undefined && !truncated.has(id));
        if (!item) return;
        truncated.add(item.id);
        const generatedMs = Math.round(item.generatedMs);
        return line('item truncated', {item: item.id, heardMs: item.truncatedAtMs, generatedMs});
      }
      case 'error': {
        const {code, message, clientEvent} = session.refusals.at(-1) ?? {};
        return line('request refused', {code, message, clientEvent});
      }
      default:
        return undefined;
    }
  });
  void session.closed.then(code => {
    const seconds = Math.round(((session.closedAt ?? session.openedAt) - session.openedAt) / 100) / 10;
    const unfinished = session.items.find(({role, status}) => role === 'assistant' && status === 'in_progress')?.text;
    line('session closed', {
      code,
      unfinished,
      seconds,
      heardBytes: session.heardBytes,
      refusals: session.refusals.length,
    });
  });
}
