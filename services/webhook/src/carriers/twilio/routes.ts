import type {IncomingMessage, ServerResponse} from 'node:http';
import express, {type Request, type Response, type Router} from 'express';
import type {z} from 'zod';
import {logOfCall} from '@voicebridge/shared/observability/log.ts';
import {afterStream, comeBack} from '../../admission/after-stream.ts';
import type {CallContext} from '../../admission/call-context.ts';
import {callStatus, reportOut, streamStatus, tellAnsweredBy} from '../../admission/call-status.ts';
import {ONE_MOMENT, SORRY, type CallAnswer} from '../../admission/call-answer.ts';
import type {CallRequest} from '../../admission/call-request.ts';
import {incomingCall, previewAnswer} from '../../admission/incoming-call.ts';
import type {CarrierRoutes} from '../../admission/carrier-routes.ts';
import {twilioDoor} from './door.ts';
import type {Form, WithForm} from './form.ts';
import {whisper} from '../../admission/absence.ts';
import {callerHearsMusic, personGone} from '../../admission/meeting.ts';
import {ourUrl} from './our-urls.ts';
import {renderAnswer} from './render-answer.ts';
import {
  RequestOfAnyPhone,
  toCallRequest,
  toPersonGone,
  toStreamStatus,
  toWayBack,
  toWhisperRequest,
  TwilioRequest,
} from './request.ts';

const INCOMING_CALL = '/incoming-call';
const AFTER_STREAM = '/after-stream';
const CALL_STATUS = '/call-status';
const STREAM_STATUS = '/stream-status';
const CALL_MACHINE = '/call-machine';
const WHISPER = '/whisper';
const WAITING = '/waiting';
const MUSIC = '/music';
const PERSON_STATUS = '/person-status';

/** Nobody waits longer in a queue, in seconds. */
const MOST_WAITING = 600;

/** All requests of Twilio's. The door checks the signature first: nothing in Redis or elsewhere is read before. */
export function twilioRoutes(context: CallContext): CarrierRoutes<IncomingMessage, ServerResponse, Router> {
  const {config, metrics, log} = context;
  const router = express.Router();
  const proof = {isValidated: config.TWILIO_VALIDATE};
  const aboutCall = config.TWILIO_VALIDATE ? TwilioRequest : RequestOfAnyPhone;

  /** Answers a request about one call, always with TwiML: on any HTTP error Twilio says so to the caller and hangs up. */
  const answers =
    (decide: (call: CallRequest, context: CallContext) => Promise<CallAnswer>) =>
    async (request: Request, response: Response): Promise<void> => {
      const params = paramsOf(request);
      const call = aboutCall.safeParse(params);
      if (!call.success) return refuse(response, params, call.error.issues[0]);
      const asked = toCallRequest(call.data, params);
      const answer = await decide(asked, context).catch((thrown: unknown): CallAnswer => {
        const again = call.data.again !== undefined;
        logOfCall(log, call.data.CallSid).error({err: thrown, path: request.path, again}, 'cannot answer Twilio');
        const {failureSay = SORRY} = context.says.for(asked);
        return again ? {kind: 'hangUp', say: failureSay} : {kind: 'redirect', url: againUrl(request), say: ONE_MOMENT};
      });
      send(response, answer);
    };

  const send = (response: Response, answer: CallAnswer) => response.type('text/xml').send(renderAnswer(answer, config));

  const againUrl = ({path, query}: Request) => {
    const params = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) if (typeof value === 'string') params.set(name, value);
    params.set('again', '1');
    return ourUrl(`${path}?${params.toString()}`, config);
  };

  const refuse = (response: Response, params: Form, issue?: z.core.$ZodIssue) => {
    metrics.socketsRefusedTotal.inc({reason: 'call-sid'});
    const name = String(issue?.path[0] ?? 'CallSid');
    const given: unknown = params[name];
    const what = given === undefined ? 'is missing' : Array.isArray(given) ? 'is given twice' : (issue?.message ?? '');
    response.status(400).type('text').send(`${name} ${what}.\n`);
  };

  const callComesIn = answers(incomingCall);
  router.all(INCOMING_CALL, async (request: Request, response: Response) => {
    const isPreview = !config.TWILIO_VALIDATE && paramsOf(request)['CallSid'] === undefined;
    if (isPreview) send(response, await previewAnswer(context));
    else await callComesIn(request, response);
  });
  const streamEnded = answers(afterStream);
  const callChanged = (request: Request, response: Response) => {
    const params = paramsOf(request);
    const call = aboutCall.safeParse(params);
    if (!call.success) return refuse(response, params, call.error.issues[0]);
    const asked = toCallRequest(call.data, params);
    callStatus(asked, context);
    if (asked.out) {
      const {CallStatus: status, AnsweredBy: answeredBy} = call.data;
      reportOut(asked.out, {callSid: asked.callSid, status, answeredBy}, context);
    }
    response.sendStatus(204);
  };
  const machineHeard = (request: Request, response: Response) => {
    const params = paramsOf(request);
    const call = aboutCall.safeParse(params);
    if (!call.success) return refuse(response, params, call.error.issues[0]);
    const {out, callSid} = toCallRequest(call.data, params);
    const {AnsweredBy: by} = call.data;
    if (out && by !== undefined) {
      reportOut(out, {callSid, status: 'in-progress', answeredBy: by}, context);
      tellAnsweredBy({callSid, by}, context);
    }
    response.sendStatus(204);
  };
  const streamChanged = (request: Request, response: Response) => {
    streamStatus(toStreamStatus(paramsOf(request)), context);
    response.sendStatus(204);
  };
  const personAnswers = async (request: Request, response: Response) => {
    const asked = toWhisperRequest(paramsOf(request), proof);
    if (!asked) return refuse(response, {});
    const answer = await whisper(asked, context).catch((thrown: unknown): CallAnswer => {
      logOfCall(log, asked.callSid).error({err: thrown}, 'cannot tell a person about a caller');
      return {kind: 'hangUp'};
    });
    send(response, answer);
  };
  const callerWaits = (request: Request, response: Response) => {
    const seconds = Math.min(MOST_WAITING, Number(paramsOf(request)['seconds']) || 1);
    send(response, {kind: 'wait', say: config.MODEL_BUSY_SAY, seconds});
  };
  const callerHears = (request: Request, response: Response) => {
    const back = toWayBack(paramsOf(request), proof);
    if (!back) return refuse(response, {});
    callerHearsMusic(back, context, comeBack);
    return send(response, {kind: 'music', back});
  };
  const personChanged = (request: Request, response: Response) => {
    const gone = toPersonGone(paramsOf(request), proof);
    if (gone) personGone(gone, context, comeBack);
    response.sendStatus(204);
  };
  // Whether Twilio asks by GET or by POST is set by the operator in Twilio's console.
  router.route(AFTER_STREAM).get(streamEnded).post(streamEnded);
  router.route(WHISPER).get(personAnswers).post(personAnswers);
  router.route(WAITING).get(callerWaits).post(callerWaits);
  router.route(MUSIC).get(callerHears).post(callerHears);
  router.route(PERSON_STATUS).get(personChanged).post(personChanged);
  router.route(CALL_STATUS).get(callChanged).post(callChanged);
  router.route(CALL_MACHINE).get(machineHeard).post(machineHeard);
  router.route(STREAM_STATUS).get(streamChanged).post(streamChanged);
  const paths = new Set([
    INCOMING_CALL,
    AFTER_STREAM,
    WHISPER,
    WAITING,
    MUSIC,
    PERSON_STATUS,
    CALL_STATUS,
    STREAM_STATUS,
    CALL_MACHINE,
  ]);
  return {paths, door: twilioDoor(context), router};
}

/** Twilio's parameters are in the form of a POST and in the query of a GET; ours are always in the query. */
function paramsOf(request: Request & WithForm): Form {
  return {...flat(request.query), ...request.body};
}

function flat(query: Request['query']): Form {
  const texts = Object.entries(query).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return Object.fromEntries(texts);
}
