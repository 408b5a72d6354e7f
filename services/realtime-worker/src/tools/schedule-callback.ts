import {messageOf} from '@voicebridge/shared/errors.ts';
import {isoOf, momentOf, said} from '@voicebridge/assistant/local-time.ts';
import {FEW_FACTS, isWithin} from '@voicebridge/shared/protocol/json-bounds.ts';
import {z} from 'zod';
import type {ToolArguments, ToolOutcome} from '../events/tool-outcome.ts';
import {wrongArguments} from './tool-failure.ts';
import type {BackgroundTool} from './tool.ts';

/** The webhook that makes calls, and the token that lets a program ask it. */
export interface CallsApi {
  readonly url: string;
  readonly token: string;
}

const HOUR = 3_600_000;
/** A call back that cannot be made within this time of what was agreed is not made. */
const LATE_BY = 2 * HOUR;
const FARTHEST = 90 * 24 * HOUR;
const TIMEOUT = 10_000;
const NUMBER = /^\+[1-9]\d{6,14}$/;

const Answer = z.object({
  ringsAt: z.string().optional(),
  error: z.string().optional(),
  cure: z.string().optional(),
});

export interface ScheduleCallbackDeps {
  readonly assistant: string;
  readonly timeZone: string;
  readonly api: CallsApi | undefined;
  /** Those of the call: `caller`, `callee` and `direction` are among them. */
  readonly variables: Readonly<Record<string, string>>;
  /** The time of day, in Unix milliseconds. */
  readonly wall: () => number;
}

/**
 * Has the person on the line called back, by the same assistant, from the queue of outbound calls: with its quiet hours, its
 * list of those who do not want it, and CALL_ALLOW. Whatever refuses the call is told to the model.
 */
export function scheduleCallback(name: string, deps: ScheduleCallbackDeps): BackgroundTool {
  return {
    name,
    description:
      'Has the person on the line called back later, at a time that they agreed to. You are told whether it is arranged, or why not.',
    parameters: {
      type: 'object',
      properties: {
        at: {
          type: 'string',
          description: `when, as date and time such as 2026-11-30T15:30, in the time zone ${deps.timeZone}`,
        },
        about: {type: 'string', description: 'what it is about, in one sentence', maxLength: 500},
      },
      required: ['at', 'about'],
      additionalProperties: false,
    },
    runs: 'later',
    timeoutMs: TIMEOUT,
    // The same key is the same call.
    isRepeatable: true,
    run: async (args, {key, send, signal}) => {
      const wanted = wantedCall(name, args, deps);
      if ('kind' in wanted) return wanted;
      const {api} = deps;
      if (!api) return failed('calls back cannot be arranged here');
      try {
        const {status, body} = await send({
          method: 'POST',
          url: new URL('/api/calls', api.url).href,
          headers: {
            'content-type': 'application/json',
            authorization: `Bearer ${api.token}`,
            'idempotency-key': key,
          },
          body: JSON.stringify(wanted),
          isSecret: false,
          redirects: false,
          maxBytes: 65_536,
          // It is the operator's own webhook.
          allowPrivate: true,
          signal,
        });
        return outcomeOf(status, body, deps.timeZone);
      } catch (thrown) {
        return failed(`the call could not be arranged (${messageOf(thrown)})`);
      }
    },
  };
}

function wantedCall(
  name: string,
  {at, about}: ToolArguments,
  {assistant, timeZone, variables, wall}: ScheduleCallbackDeps,
): object | ToolOutcome {
  if (typeof at !== 'string' || typeof about !== 'string') return wrongArguments(name, 'at and about must be texts');
  const when = momentOf(at, timeZone);
  if (when === undefined) return wrongArguments(name, 'at must be a date and a time such as 2026-11-30T15:30');
  const now = wall();
  if (when <= now) return failed(`that has passed: it is ${said(now, timeZone)} now`);
  if (when > now + FARTHEST) return failed('that is too far away: 90 days are the most');
  const to = variables['direction'] === 'outbound' ? variables['callee'] : variables['caller'];
  if (to === undefined || !NUMBER.test(to)) return failed('their number is not known: they withhold it');
  return {
    to,
    assistant,
    notBefore: isoOf(when),
    deadline: isoOf(when + LATE_BY),
    zone: timeZone === 'UTC' ? undefined : timeZone,
    variables: {callback_about: about.slice(0, 500)},
  };
}

function outcomeOf(status: number, body: string, timeZone: string): ToolOutcome {
  const {ringsAt, error, cure} = read(body);
  if (status === 200 || status === 202) {
    const at = ringsAt === undefined ? '' : `, not before ${said(momentOf(ringsAt, timeZone) ?? 0, timeZone)}`;
    return {kind: 'output', output: `It is arranged: they will be called${at}.`};
  }
  // 401 and 403 are about our own token: no caller can do anything about that.
  const why = status === 400 || status === 409 ? [error, cure].filter(Boolean).join('; ') : `the answer was ${status}`;
  return failed(`it is not arranged: ${why}`);
}

function read(body: string): z.infer<typeof Answer> {
  if (!isWithin(FEW_FACTS, body)) return {};
  try {
    return Answer.safeParse(JSON.parse(body)).data ?? {};
  } catch {
    return {};
  }
}

const failed = (output: string): ToolOutcome => ({kind: 'failed', output});
