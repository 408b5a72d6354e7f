import type {Problem} from '../twiml/stream-noun.ts';
import {type Verb, readTwiml} from '../twiml/twiml.ts';
import type {WebhookAnswer} from '../twiml/webhook-client.ts';

/** A document that Twilio got, with where its relative URLs start; `failed` if it is of no use. */
export interface Document {
  readonly url: string;
  readonly xml: string;
  readonly verbs: readonly Verb[];
  readonly problems: readonly Problem[];
  readonly failed?: Problem;
}

/** Judges the answer to a request for TwiML. */
export function documentOf(answer: WebhookAnswer): Document {
  const {url} = answer;
  const fail = (code: number, detail: string): Document => {
    const failed = {code, detail: `${url}: ${detail}`};
    return {url, xml: answer.ok ? answer.body : '', verbs: [], problems: [failed], failed};
  };
  if (!answer.ok) return fail(answer.code, answer.detail);
  if (answer.status < 200 || answer.status > 299) return fail(11200, `answered with ${answer.status}`);
  if (!/^(?:text|application)\/xml\b/i.test(answer.contentType))
    return fail(12300, `the content type is ${JSON.stringify(answer.contentType)}`);
  return documentFrom(answer.body, url);
}

/** A document that did not come over HTTP, for instance in a REST update. */
export function documentFrom(xml: string, url: string): Document {
  const {verbs, problems, fatal} = readTwiml(xml);
  const failed = fatal ? problems[0] : undefined;
  return {url, xml, verbs, problems, ...(failed ? {failed} : {})};
}
