import type {Millis} from '@voicebridge/shared/time.ts';
import type {LoggedEvent, LoggedResponse} from '../../simulators/openai/src/state/session-log.ts';
import type {Sound, Wait} from './owed-silence.ts';

/** What is known of a session of the model, in this process or in another. All moments are on the clock of the phone. */
export interface AnsweringSession {
  readonly responses: readonly Pick<LoggedResponse, 'status' | 'items' | 'startedAt' | 'doneAt'>[];
  readonly events: readonly LoggedEvent[];
  readonly items: readonly {readonly id: string; readonly tag?: number | null | undefined}[];
}

/**
 * Answers that the model left unfinished in mid-speech, though nobody spoke: the caller waits for the rest. An answer that
 * a limit or a filter has cut is taken up once; the second one in a row is the assistant's last word. Nobody can know it of
 * one whose `response.done` was damaged.
 */
export function brokenOff(
  sessions: readonly AnsweringSession[],
  sounds: readonly Sound[],
  actedAt: readonly Millis[],
): Wait[] {
  const cutAt: Millis[] = [];
  return sessions.flatMap(({responses, items, events}) =>
    responses.flatMap(({status, items: ids, startedAt, doneAt}): Wait[] => {
      if (status === 'completed' || status === 'cancelled') return [];
      const tags = items.flatMap(({id, tag}) => (ids.includes(id) ? [tag] : []));
      const since = Math.max(...sounds.filter(({item}) => tags.includes(item)).map(({to}) => to));
      if (!Number.isFinite(since)) return [];
      const actBefore = actedAt.findLast(at => at <= startedAt) ?? -Infinity;
      const isSecond = status === 'incomplete' && cutAt.some(at => at >= actBefore && at < startedAt);
      if (status === 'incomplete') cutAt.push(startedAt);
      const isUnknown = events.some(each => each.mangled && each.type === 'response.done' && each.at === doneAt);
      const isSpokenOver = actedAt.some(at => at > startedAt && at <= since);
      if (isSecond || isUnknown || isSpokenOver) return [];
      return [{after: 'broken-off', since, until: actedAt.find(at => at > since)}];
    }),
  );
}

/** The most answers that were asked for, or begun, between two things that the caller did: each costs money. */
export function mostAnswers(events: readonly LoggedEvent[], actedAt: readonly Millis[]): number {
  const most = (wanted: string) => {
    const moments = events.flatMap(({type, at}) => (type === wanted ? [at] : []));
    const counts = [-Infinity, ...actedAt].map((from, index) => {
      const to = actedAt[index] ?? Infinity;
      return moments.filter(at => at >= from && at < to).length;
    });
    return Math.max(...counts);
  };
  return Math.max(most('response.create'), most('response.created'));
}
