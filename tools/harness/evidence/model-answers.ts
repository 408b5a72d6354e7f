import type {Millis} from '@voicebridge/shared/time.ts';
import type {LoggedEvent, LoggedResponse} from '../../../simulators/openai/src/state/session-log.ts';
import type {Sound, Wait} from './owed-silence.ts';

/** What is known of a model session, in this process or in another. All moments are on the phone's clock. */
export interface AnsweringSession {
  readonly responses: readonly Pick<LoggedResponse, 'status' | 'items' | 'startedAt' | 'doneAt'>[];
  readonly events: readonly LoggedEvent[];
  readonly items: readonly {readonly id: string; readonly tag?: number | null | undefined}[];
}

/**
 * Answers that the model left unfinished although the caller did not speak, so that the caller waits for the rest. An
 * answer that a limit or a filter has cut is continued once; the second one in a row is the assistant's last word. For
 * an answer with a damaged `response.done` this cannot be known.
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

/** The most answers that were requested, or begun, between two actions of the caller: each costs money. */
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
