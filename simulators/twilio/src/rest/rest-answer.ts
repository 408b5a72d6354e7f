/** An answer of the REST API. */
export interface Answer {
  readonly status: number;
  readonly body: object;
}

/** A refusal as Twilio words it: https://www.twilio.com/docs/usage/twilios-response */
export function failure(status: number, code: number, message: string): Answer {
  return {status, body: {status, code, message, more_info: `https://www.twilio.com/docs/errors/${code}`}};
}

/** A parameter that Twilio does not know, or a value that it does not take. */
export const badParameter = (message: string): Answer => failure(400, 20001, message);
