import express, {type Router} from 'express';
import {z} from 'zod';
import {CallSid} from '@voicebridge/shared/protocol/ids.ts';
import {afterStream} from '../admission/after-stream.ts';
import type {CallAnswer} from '../admission/call-answer.ts';
import type {CallContext} from '../admission/call-context.ts';
import type {CarrierRoutes} from '../admission/carrier-routes.ts';
import type {CallRequest} from '../admission/call-request.ts';
import {callStatus} from '../admission/call-status.ts';
import {incomingCall} from '../admission/incoming-call.ts';

/** What this carrier sends: one JSON document for every event of a call, which repeats the `state` of the last answer. */
const Event = z.object({
  type: z.enum(['call.ringing', 'media.ended', 'call.ended']),
  control_id: CallSid,
  parties: z.object({a: z.string(), b: z.string()}),
  state: z.object({held: z.number(), waited: z.number(), stream: z.string()}).partial().default({}),
});

/** A carrier that has one address and takes lists of JSON commands. Renders every answer in its own language. */
export function otherCarrier(context: CallContext): CarrierRoutes<unknown, unknown, Router> {
  const router = express.Router();
  router.post('/events', express.json(), async (request, response) => {
    const event = Event.parse(request.body);
    const call: CallRequest = {
      callSid: event.control_id,
      isOver: event.type === 'call.ended',
      direction: 'inbound',
      caller: event.parties.a,
      callee: event.parties.b,
      parameters: {},
      held: event.state.held ?? 0,
      waited: event.state.waited ?? 0,
      leg: event.state.stream,
      away: undefined,
    };
    if (call.isOver) {
      callStatus(call, context);
      response.json([]);
      return;
    }
    const decide = event.type === 'media.ended' ? afterStream : incomingCall;
    response.json(commandsOf(await decide(call, context)));
  });
  return {paths: new Set(['/events']), door: (_request, _response, enter) => enter(), router};
}

function commandsOf(answer: CallAnswer): object[] {
  const say = (sentence: string | undefined) => (sentence ? [{do: 'speak', text: sentence}] : []);
  switch (answer.kind) {
    case 'connect': {
      const {edgeUrl, ticket, leg, says} = answer;
      return [...says.flatMap(say), {do: 'stream', to: `${edgeUrl}/streams/${ticket}`, state: {stream: leg}}];
    }
    case 'preview':
      return [{do: 'stream', to: answer.edgeUrl}];
    case 'hold':
      return [...say(answer.say), {do: 'wait', seconds: answer.seconds, state: answer.again}];
    case 'dial':
      return [...say(answer.say), {do: 'bridge', to: answer.target}];
    case 'redirect':
      return [...say(answer.say), {do: 'fetch', from: answer.url}];
    case 'hangUp':
      return [...say(answer.say), {do: 'hangup'}];
    // This carrier does not send callers elsewhere for a while.
    case 'queue':
    case 'refer':
    case 'wait':
    case 'meet':
    case 'music':
    case 'join':
    case 'whisper':
    case 'voicemail':
    case 'nothing':
      return [];
    default:
      return answer satisfies never;
  }
}
