import express, {type NextFunction, type Request, type RequestHandler, type Response, type Router} from 'express';
import type {z} from 'zod';
import {logOfCall} from '@voicebridge/shared/observability/log.ts';
import {afterStream} from '../../admission/after-stream.ts';
import type {CallContext} from '../../admission/call-context.ts';
import {callStatus, streamStatus} from '../../admission/call-status.ts';
import {ONE_MOMENT, SORRY, type CallAnswer} from '../../admission/call-answer.ts';
import type {CallRequest} from '../../admission/call-request.ts';
import {incomingCall, previewAnswer} from '../../admission/incoming-call.ts';
import {renderAnswer} from './render-answer.ts';
import {RequestOfAnyPhone, toCallRequest, toStreamStatus, TwilioRequest} from './request.ts';
import {isSigned, type Form} from './signature.ts';

/**
 * The limits of a form. Twilio's add-ons send more than a hundred parameters, one of them up to 36 kB long, which URL
 * encoding makes three times as long.
 */
const FORM_AT_MOST = {limit: 256 * 1_024, parameterLimit: 1_000};

/** A signature of Twilio's: 20 bytes as base64. */
const SIGNATURE = /^[A-Za-z0-9+/]{27}=$/;

/**
 * All requests of Twilio's. The signature is checked first: nothing else, in Redis or elsewhere, is read before, and no
 * form of a request that has none.
 */
export function twilioRoutes(context: CallContext): Router {
  const {config, metrics, log} = context;
  const router = express.Router();
  const aboutCall = config.TWILIO_VALIDATE ? TwilioRequest : RequestOfAnyPhone;

  const forged = (response: Response, hint?: string) => {
    metrics.socketsRefusedTotal.inc({reason: 'signature'});
    context.refusals.refused('signature', hint);
    response.statusCode = 403;
    response.end('This request is not signed by Twilio.\n');
  };
  const hasSignature = ({headers}: Request, response: Response, next: NextFunction) => {
    const signature = headers['x-twilio-signature'];
    if (!config.TWILIO_VALIDATE || (typeof signature === 'string' && SIGNATURE.test(signature))) next();
    else forged(response);
  };
  const isTwilios = (request: Request, response: Response, next: NextFunction) => {
    const signature = request.get('x-twilio-signature');
    if (!isSigned({path: request.originalUrl, form: formOf(request), signature}, config))
      return forged(response, 'is TWILIO_AUTH_TOKEN or PUBLIC_WEBHOOK_URL wrong?');
    context.proved(request, response);
    return next();
  };
  const signed: RequestHandler[] = [hasSignature, express.urlencoded({extended: false, ...FORM_AT_MOST}), isTwilios];

  /** Answers a request about one call, always with TwiML: on any HTTP error Twilio says so to the caller and hangs up. */
  const answers =
    (decide: (call: CallRequest, context: CallContext) => Promise<CallAnswer>) =>
    async (request: Request, response: Response): Promise<void> => {
      const params = paramsOf(request);
      const call = aboutCall.safeParse(params);
      if (!call.success) return refuse(response, params, call.error.issues[0]);
      const asked = toCallRequest(call.data);
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
    return `${config.PUBLIC_WEBHOOK_URL}${path}?${params.toString()}`;
  };

  const refuse = (response: Response, params: Form, issue?: z.core.$ZodIssue) => {
    metrics.socketsRefusedTotal.inc({reason: 'call-sid'});
    const name = String(issue?.path[0] ?? 'CallSid');
    const what = params[name] === undefined ? 'is missing' : (issue?.message ?? '');
    response.status(400).type('text').send(`${name} ${what}.\n`);
  };

  const callComesIn = answers(incomingCall);
  router.all('/incoming-call', signed, async (request: Request, response: Response) => {
    const isPreview = !config.TWILIO_VALIDATE && paramsOf(request)['CallSid'] === undefined;
    if (isPreview) send(response, await previewAnswer(context));
    else await callComesIn(request, response);
  });
  const streamEnded = answers(afterStream);
  const callChanged = (request: Request, response: Response) => {
    const params = paramsOf(request);
    const call = aboutCall.safeParse(params);
    if (!call.success) return refuse(response, params, call.error.issues[0]);
    callStatus(toCallRequest(call.data), context);
    response.sendStatus(204);
  };
  const streamChanged = (request: Request, response: Response) => {
    streamStatus(toStreamStatus(paramsOf(request)), log);
    response.sendStatus(204);
  };
  // Whether Twilio asks by GET or by POST is set by the operator in Twilio's console.
  router.route('/after-stream').all(signed).get(streamEnded).post(streamEnded);
  router.route('/call-status').all(signed).get(callChanged).post(callChanged);
  router.route('/stream-status').all(signed).get(streamChanged).post(streamChanged);
  return router;
}

/** The parameters of the form; none if there is no form. */
function formOf({body}: Request): Form {
  const form: unknown = body;
  return isForm(form) ? form : {};
}

/** As `express.urlencoded` makes it: a list where a name came more than once. */
function isForm(body: unknown): body is Form {
  return typeof body === 'object' && body !== null;
}

/** Twilio's parameters are in the form of a POST and in the query of a GET; ours are always in the query. */
function paramsOf(request: Request): Form {
  return {...flat(request.query), ...formOf(request)};
}

function flat(query: Request['query']): Form {
  const texts = Object.entries(query).filter((entry): entry is [string, string] => typeof entry[1] === 'string');
  return Object.fromEntries(texts);
}
